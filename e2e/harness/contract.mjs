// Holds every answer of the gateway to the gateway's own OpenAPI document, in the one branch that its `type` or `status` names,
// and strictly: a property that the document does not know is a fault of the document or of the answer.

import assert from 'node:assert/strict';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const HANGUL = /[\uac00-\ud7a3]/;
const REF = '#/components/schemas/';

/** The values that name `branch` by its property, from an `enum` or a `const`, looking through `$ref` and `allOf`. */
function namedBy(document, branch, property) {
  const schema = branch.$ref ? resolve(document, branch.$ref) : branch;
  const own = schema.properties?.[property];
  if (own) return (own.$ref ? resolve(document, own.$ref) : own).enum ?? (own.const === undefined ? [] : [own.const]);
  return (schema.allOf ?? []).flatMap((part) => namedBy(document, part, property));
}

function resolve(document, ref) {
  assert.ok(ref.startsWith(REF), `a reference within the document: ${ref}`);
  const schema = document.components.schemas[ref.slice(REF.length)];
  assert.ok(schema, `${ref} is in the document`);
  return schema;
}

/**
 * The schema with every choice made by its discriminator alone, and every object closed. Parts of an `allOf` cannot be closed
 * one by one, so the whole is closed around them.
 */
function strict(document, schema, part = false) {
  if (Array.isArray(schema)) return schema.map((inner) => strict(document, inner, part));
  if (schema === null || typeof schema !== 'object') return schema;

  if (schema.oneOf && schema.discriminator) {
    const { propertyName, mapping } = schema.discriminator;
    const branches = mapping
      ? Object.entries(mapping).map(([value, ref]) => [value, { $ref: ref }])
      : schema.oneOf.flatMap((branch) => namedBy(document, branch, propertyName).map((value) => [value, branch]));
    assert.ok(branches.length > 0, `a discriminator that names branches: ${JSON.stringify(schema).slice(0, 200)}`);
    return {
      type: 'object',
      required: [propertyName],
      properties: { [propertyName]: { enum: branches.map(([value]) => value) } },
      allOf: branches.map(([value, branch]) => ({
        if: { required: [propertyName], properties: { [propertyName]: { const: value } } },
        then: strict(document, branch),
      })),
    };
  }

  const result = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties') {
      result.properties = Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, strict(document, inner)]),
      );
    } else if (key === 'allOf') {
      result.allOf = value.map((inner) => strict(document, inner.$ref ? resolve(document, inner.$ref) : inner, true));
    } else if (['oneOf', 'anyOf', 'items', 'not', 'prefixItems'].includes(key)) {
      result[key] = strict(document, value);
    } else if (!['example', 'examples', 'discriminator'].includes(key)) {
      result[key] = value;
    }
  }
  if (part) return result;
  if (result.allOf) result.unevaluatedProperties ??= false;
  else if (result.properties || schema.type === 'object') result.additionalProperties ??= false;
  return result;
}

export class Contract {
  checked = 0;
  /** Every `operation status type` that was seen and found in order. */
  seen = new Set();

  constructor(document) {
    assert.match(document.openapi, /^3\.[01]\./);
    this.document = document;
    const schemas = Object.fromEntries(
      Object.entries(document.components.schemas).map(([name, schema]) => [name, strict(document, schema)]),
    );
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(this.ajv);
    this.ajv.addSchema({ $id: 'bonin', components: { schemas } });
    this.validators = new Map();
  }

  static async of(gateway) {
    const response = await fetch(new URL('/openapi.json', gateway), { signal: AbortSignal.timeout(10_000) });
    assert.equal(response.status, 200);
    return new Contract(await response.json());
  }

  operation(method, path) {
    for (const [template, methods] of Object.entries(this.document.paths)) {
      const pattern = new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`);
      if (pattern.test(path) && methods[method.toLowerCase()]) {
        return { template, operation: methods[method.toLowerCase()] };
      }
    }
    return undefined;
  }

  validator(pointer, schema) {
    if (!this.validators.has(pointer)) {
      const absolute = JSON.parse(
        JSON.stringify(strict(this.document, schema)).replaceAll(`"${REF}`, `"bonin${REF}`),
      );
      this.validators.set(pointer, this.ajv.compile(absolute));
    }
    return this.validators.get(pointer);
  }

  /** Throws unless the document describes this answer. `body` is its text. */
  check(method, path, status, contentType, body) {
    const what = `${method} ${path} → ${status}`;
    const found = this.operation(method, path);
    assert.ok(found, `${what}: the document has this operation`);
    const described = found.operation.responses[status];
    assert.ok(described, `${what}: the document describes this status. The body: ${body.slice(0, 300)}`);
    const content = described.$ref ? resolveResponse(this.document, described.$ref).content : described.content;
    const schema = content?.['application/json']?.schema;
    assert.ok(schema, `${what}: the document has a schema for it`);
    assert.match(contentType ?? '', /^application\/json\b/, `${what}: is sent as JSON`);
    const value = JSON.parse(body);

    const validate = this.validator(`${method} ${found.template} ${status}`, schema);
    assert.ok(
      validate(value),
      `${what}: ${this.ajv.errorsText(validate.errors, { separator: '\n  ' })}\n  in ${body.slice(0, 1500)}`,
    );
    if (status >= 400) this.#checkError(what, status, value);
    this.checked += 1;
    this.seen.add(`${found.operation.operationId} ${status} ${value.type ?? value.status ?? ''}`.trim());
    return value;
  }

  #checkError(what, status, value) {
    assert.equal(typeof value.type, 'string', `${what}: an error has a type`);
    assert.match(value.message ?? '', HANGUL, `${what}: the message is Korean`);
    const branch = Object.values(this.document.components.schemas).find(
      (schema) => schema['x-portone-status-code'] && namedBy(this.document, schema, 'type').includes(value.type),
    );
    if (branch) assert.equal(branch['x-portone-status-code'], status, `${what}: the status of ${value.type}`);
  }
}

function resolveResponse(document, ref) {
  const name = ref.replace('#/components/responses/', '');
  assert.ok(document.components.responses?.[name], `${ref} is in the document`);
  return document.components.responses[name];
}

/**
 * From now on whatever this process fetches from the gateway, the official SDK's calls with it, is held to the contract.
 * Returns the contract and a function that ends it.
 */
export async function holdToContract(gateway) {
  const contract = await Contract.of(gateway);
  const origin = new URL(gateway).origin;
  const plain = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const response = await plain(input, init);
    const url = new URL(input instanceof Request ? input.url : input);
    const method = (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase();
    if (url.origin === origin && contract.operation(method, url.pathname)) {
      const body = await response.clone().text();
      contract.check(method, url.pathname, response.status, response.headers.get('content-type'), body);
    }
    return response;
  };
  return { contract, release: () => (globalThis.fetch = plain) };
}
