// The checker that the other tests trust: it must refuse what it is there to refuse.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Contract } from './harness/contract.mjs';

const ref = (name) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema) => ({ content: { 'application/json': { schema } } });
const status = (value, extra = {}) => ({
  type: 'object',
  required: ['status', ...Object.keys(extra)],
  properties: { status: { type: 'string', enum: [value] }, ...extra },
});

const contract = new Contract({
  openapi: '3.1.0',
  paths: {
    '/things/{id}': {
      get: {
        operationId: 'getThing',
        responses: {
          200: json(ref('Thing')),
          404: json({
            oneOf: [ref('NotFoundError'), ref('ForbiddenError')],
            discriminator: {
              propertyName: 'type',
              mapping: {
                NOT_FOUND: '#/components/schemas/NotFoundError',
                FORBIDDEN: '#/components/schemas/ForbiddenError',
              },
            },
          }),
        },
      },
    },
    '/things': { get: { operationId: 'getThings', responses: { 200: json({ type: 'array', items: ref('Thing') }) } } },
  },
  components: {
    schemas: {
      Thing: {
        oneOf: [ref('Ready'), ref('Done')],
        discriminator: {
          propertyName: 'status',
          mapping: { READY: '#/components/schemas/Ready', DONE: '#/components/schemas/Done' },
        },
      },
      Ready: status('READY'),
      Done: status('DONE', { at: { type: 'string', format: 'date-time' }, by: ref('Person') }),
      Person: { allOf: [ref('Named'), { type: 'object', properties: { age: { type: 'integer', format: 'int32' } } }] },
      Named: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
      NotFoundError: {
        type: 'object',
        required: ['type'],
        properties: { type: { type: 'string', enum: ['NOT_FOUND'] }, message: { type: 'string' } },
        'x-portone-status-code': 404,
      },
      ForbiddenError: {
        type: 'object',
        required: ['type'],
        properties: { type: { type: 'string', enum: ['FORBIDDEN'] }, message: { type: 'string' } },
        'x-portone-status-code': 403,
      },
    },
  },
});

const check = (path, code, value, type = 'application/json') =>
  contract.check('GET', path, code, type, JSON.stringify(value));
const done = { status: 'DONE', at: '2026-01-01T00:00:00Z', by: { name: 'n', age: 3 } };

test('an answer as described passes', () => {
  check('/things/1', 200, { status: 'READY' });
  check('/things/1', 200, done);
  check('/things', 200, [{ status: 'READY' }, done]);
  check('/things/1', 404, { type: 'NOT_FOUND', message: '없습니다' });
});

for (const [what, ...answer] of [
  ['a property of another branch', '/things/1', 200, { status: 'READY', at: '2026-01-01T00:00:00Z' }],
  ['a branch that is not there', '/things/1', 200, { status: 'LOST' }],
  ['no branch at all', '/things/1', 200, {}],
  ['a missing property', '/things/1', 200, { status: 'DONE', at: '2026-01-01T00:00:00Z' }],
  ['a date that is none', '/things/1', 200, { ...done, at: 'yesterday' }],
  ['an unknown property in a composed schema', '/things/1', 200, { ...done, by: { name: 'n', height: 1 } }],
  ['a wrong item of a list', '/things', 200, [{ status: 'READY' }, { status: 'DONE' }]],
  ['null for an absent property', '/things/1', 200, { ...done, by: null }],
  ['a status that is not described', '/things/1', 500, { type: 'NOT_FOUND', message: '없습니다' }],
  ['an error under the status of another', '/things/1', 404, { type: 'FORBIDDEN', message: '안 됩니다' }],
  ['an error in English', '/things/1', 404, { type: 'NOT_FOUND', message: 'not found' }],
  ['an error without a message', '/things/1', 404, { type: 'NOT_FOUND' }],
  ['an answer that is not sent as JSON', '/things/1', 200, { status: 'READY' }, 'text/plain'],
]) {
  test(`refused: ${what}`, () => {
    assert.throws(() => check(...answer), assert.AssertionError);
  });
}
