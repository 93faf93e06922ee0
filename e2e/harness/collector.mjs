// An OpenTelemetry collector, as far as traces over OTLP/HTTP in protobuf go: keeps every span, and every byte as it came.
//
// The messages are read by their numbers on the wire (opentelemetry/proto/trace/v1/trace.proto), not by anybody's library: what the
// gateway sends is what is looked at.

import { createServer } from 'node:http';
import { waitFor } from './program.mjs';

/** The fields of a message: `[number, value]`; a value is bytes, or a BigInt where the wire has a number. */
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      if (at >= bytes.length) throw new Error('a number ends too early');
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [number, wire] = [Number(tag >> 3n), Number(tag & 7n)];
    if (wire === 0) {
      yield [number, varint()];
    } else if (wire === 1 || wire === 5) {
      const size = wire === 1 ? 8 : 4;
      yield [number, wire === 1 ? bytes.readBigUInt64LE(at) : BigInt(bytes.readUInt32LE(at))];
      at += size;
    } else if (wire === 2) {
      const size = Number(varint());
      if (at + size > bytes.length) throw new Error('a field ends too early');
      yield [number, bytes.subarray(at, at + size)];
      at += size;
    } else {
      throw new Error(`wire type ${wire} is none of OTLP's`);
    }
  }
}

const text = (bytes) => bytes.toString('utf8');

function anyValue(bytes) {
  for (const [number, value] of fields(bytes)) {
    if (number === 1) return text(value);
    if (number === 2) return value !== 0n;
    if (number === 3) return Number(BigInt.asIntN(64, value));
    throw new Error(`a value of kind ${number} was not expected`);
  }
  return undefined;
}

function keyValue(bytes) {
  const pair = [undefined, undefined];
  for (const [number, value] of fields(bytes)) pair[number - 1] = number === 1 ? text(value) : anyValue(value);
  return pair;
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

function readSpan(bytes) {
  const span = { attributes: {}, events: 0, links: 0, status: 0, traceState: '', parent: '' };
  for (const [number, value] of fields(bytes)) {
    if (number === 1) span.trace = value.toString('hex');
    else if (number === 2) span.id = value.toString('hex');
    else if (number === 3) span.traceState = text(value);
    else if (number === 4) span.parent = value.toString('hex');
    else if (number === 5) span.name = text(value);
    else if (number === 6) span.kind = KINDS[Number(value)];
    else if (number === 7) span.began = value;
    else if (number === 8) span.ended = value;
    else if (number === 9) Object.assign(span.attributes, Object.fromEntries([keyValue(value)]));
    else if (number === 11) span.events += 1;
    else if (number === 13) span.links += 1;
    else if (number === 15) {
      for (const [inner, of] of fields(value)) {
        if (inner === 3) span.status = Number(of);
        else span.statusMessage = text(of);
      }
    }
  }
  return span;
}

/** Every span of an `ExportTraceServiceRequest`, each with the resource that it is of. */
function readRequest(bytes) {
  const spans = [];
  for (const [, resourceSpans] of fields(bytes)) {
    const resource = {};
    const own = [];
    for (const [number, value] of fields(resourceSpans)) {
      if (number === 1) {
        for (const [inner, attribute] of fields(value)) {
          if (inner === 1) Object.assign(resource, Object.fromEntries([keyValue(attribute)]));
        }
      } else if (number === 2) {
        for (const [inner, span] of fields(value)) if (inner === 2) own.push(readSpan(span));
      }
    }
    spans.push(...own.map((span) => ({ ...span, resource })));
  }
  return spans;
}

export class Collector {
  spans = [];
  /** Each request: `{path, headers, bytes}`. */
  requests = [];
  /** How the next requests are answered: a status, or `undefined` for never. */
  answer = 200;

  static async start() {
    const collector = new Collector();
    collector.server = createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => collector.#take(request, Buffer.concat(chunks), response));
    });
    await new Promise((resolve, reject) => {
      collector.server.once('error', reject);
      collector.server.listen(0, '127.0.0.1', resolve);
    });
    collector.address = `http://127.0.0.1:${collector.server.address().port}`;
    return collector;
  }

  #take(request, bytes, response) {
    if (request.method !== 'POST') return response.writeHead(405).end();
    this.requests.push({ path: request.url, headers: request.headers, bytes });
    if (this.answer === undefined) return;
    if (this.answer === 200) this.spans.push(...readRequest(bytes));
    response.writeHead(this.answer, { 'content-type': 'application/x-protobuf' });
    response.end();
  }

  /** Everything that was ever sent here. */
  get bytes() {
    const heads = this.requests.map(({ path, headers }) => Buffer.from(`${path} ${JSON.stringify(headers)}`));
    return Buffer.concat([...heads, ...this.requests.map(({ bytes }) => bytes)]);
  }

  /** The spans of the trace in which a span has this name, once that span has come: a trace's first span is its last to end. */
  async traceOf(name) {
    const root = await waitFor(`a span ${name}`, () => this.spans.find((span) => span.name === name));
    return this.spans.filter(({ trace }) => trace === root.trace);
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
