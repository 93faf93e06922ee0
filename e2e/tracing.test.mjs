// Traces over OTLP, as a collector gets them: one from the request over KCP to the database, the caller's continued, nobody in it,
// and nobody waiting for it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Collector } from './harness/collector.mjs';
import { CHANNEL, Dev, SECRET, STORE } from './harness/dev.mjs';
import { scrape } from './harness/figures.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { run, waitFor } from './harness/program.mjs';
import { Receiver } from './harness/receiver.mjs';
import { search } from './harness/search.mjs';
import { Serve } from './harness/serve.mjs';
import { freePort } from './harness/standalone.mjs';
import { Tap } from './harness/tap.mjs';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const traceparent = (trace = TRACE, flags = '01') => `00-${trace}-${PARENT}-${flags}`;
const route = (verb) => `POST /identity-verifications/{identityVerificationId}/${verb}`;

/** The attributes that a span may have, by what it is. */
const ALLOWED = {
  server: ['http.request.method', 'http.response.status_code', 'http.route'],
  client: ['kcp.call', 'kcp.code', 'kcp.millis', 'webhook.outcome'],
  internal: [],
};

/** Every span of the trace hangs on this one. */
function assertOneTree(spans, root) {
  const ids = new Map(spans.map((span) => [span.id, span]));
  assert.equal(ids.size, spans.length, 'each span has an id of its own');
  for (const span of spans) {
    for (let at = span; at !== root; at = ids.get(at.parent)) assert.ok(ids.has(at.parent), `${span.name} hangs on ${at.parent}`);
    assert.ok(span.began >= root.began && span.ended >= span.began, span.name);
  }
}

/** The names of what happened directly within a span, in order. */
const within = (spans, parent) =>
  spans
    .filter((span) => span.parent === parent.id)
    .sort((a, b) => Number(a.began - b.began))
    .map(({ name }) => name);

function assertNothingMore(spans) {
  for (const { name, kind, attributes, events, links, traceState, statusMessage } of spans) {
    for (const key of Object.keys(attributes)) assert.ok(ALLOWED[kind].includes(key), `${key} of ${name} (${kind})`);
    assert.deepEqual({ events, links, traceState, statusMessage }, { events: 0, links: 0, traceState: '', statusMessage: undefined }, name);
  }
}

describe('a gateway that sends traces', () => {
  let collector;
  let dev;
  before(async () => {
    collector = await Collector.start();
    dev = await Dev.start({
      contract: false,
      env: {
        BONIN_OTLP_ENDPOINT: collector.address,
        BONIN_OTLP_HEADERS: 'authorization=Basic Y29sbGVjdG9y,x-team=identity',
        BONIN_LOG: 'trace',
        BONIN_LOG_FORMAT: 'json',
      },
    });
  });
  after(async () => {
    await dev?.stop();
    await collector?.stop();
  });

  const post = (path, body, headers = {}) =>
    fetch(new URL(path, dev.gateway), {
      method: 'POST',
      headers: { authorization: `PortOne ${SECRET}`, ...headers },
      body: JSON.stringify(body),
    });

  const traced = (person, more = {}) => ({
    ...sending(person, { channelKey: CHANNEL, operator: 'LGU', customer: { id: 'customer-traced-5e1b' }, customData: 'custom-traced-9c2d' }),
    ...more,
  });

  test('sends one trace of a send and one of a confirm, from HTTP over KCP to the database', async () => {
    const [id, person] = [newId(), newPerson()];
    const { name, phone, birthDate, gender, isForeigner } = person;
    await dev.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator: 'LGU', pass: true });
    const sent = await post(`/identity-verifications/${id}/send`, traced(person), {
      traceparent: traceparent(),
      tracestate: `vendor=${phone}`,
      'x-request-id': '0123-4567-89ab',
    });
    assert.equal(sent.status, 200, await sent.text());

    const spans = await collector.traceOf(route('send'));
    const root = spans.find((span) => span.name === route('send'));
    assert.equal(root.trace, TRACE, "the caller's trace goes on");
    assert.equal(root.parent, PARENT);
    assert.equal(sent.headers.get('traceresponse'), `00-${TRACE}-${root.id}-01`);
    assert.equal(root.kind, 'server');
    assert.deepEqual(root.attributes, {
      'http.request.method': 'POST',
      'http.route': '/identity-verifications/{identityVerificationId}/send',
      'http.response.status_code': 200,
    });
    assert.deepEqual(root.resource['service.name'], 'bonin');
    assertOneTree(spans, root);
    const order = within(spans, root);
    const steps = ['secret_by_hash', 'begin', 'KCP 2100', 'KCP 2200', 'record_send'];
    assert.deepEqual(order.filter((step) => steps.includes(step)), steps, order.join());
    const span = (name) => spans.find((one) => one.name === name);
    for (const verb of ['begin', 'record_send']) assert.ok(within(spans, span(verb)).includes('commit'), `${verb} commits`);
    const { 'kcp.millis': millis, ...call } = span('KCP 2100').attributes;
    assert.deepEqual(call, { 'kcp.call': '2100', 'kcp.code': '0000' });
    assert.ok(millis >= 0);
    assert.ok(span('begin').ended <= span('KCP 2100').began, 'nothing is asked before it is on disk');

    const otp = await dev.sandbox.otp(phone);
    const confirmed = await post(`/identity-verifications/${id}/confirm`, { otp });
    const verified = await confirmed.json();
    assert.equal(verified.identityVerification.status, 'VERIFIED');
    const confirm = await collector.traceOf(route('confirm'));
    const confirmRoot = confirm.find((one) => one.name === route('confirm'));
    assert.equal(confirmRoot.parent, '', 'a trace of its own');
    assert.notEqual(confirmRoot.trace, TRACE);
    assertOneTree(confirm, confirmRoot);
    const confirmSteps = ['claim', 'KCP 2300', 'record_confirm', 'verification'];
    assert.deepEqual(within(confirm, confirmRoot).filter((step) => confirmSteps.includes(step)), confirmSteps);

    // The log names both.
    const lines = dev.program.stderr.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    const answered = lines.find(({ fields, span: of }) => fields.message === 'answered' && of?.id === '0123-4567-89ab');
    assert.equal(answered.span.trace_id, TRACE);
    const asked = lines.find(({ fields, span: of }) => fields.message === 'asked KCP' && of?.trace_id === TRACE);
    assert.equal(asked.span.id, '0123-4567-89ab', 'and so do lines from within');

    const { ci, di } = verified.identityVerification.verifiedCustomer;
    const hidden = {
      id, name, phone, otp, ci, di,
      birthDate, residentNumber: person.identityNumber, address: person.ipAddress,
      secret: SECRET,
      channel: CHANNEL,
      customerId: 'customer-traced-5e1b',
      customData: 'custom-traced-9c2d',
      requestId: '0123-4567-89ab',
    };
    assert.ok(Object.values(hidden).every(Boolean));
    assert.deepEqual(search(hidden, { traces: collector.bytes }), []);
    assert.deepEqual(search({ canary: 'record_confirm' }, { traces: collector.bytes }), ['canary in traces, raw'], 'the search would have found it');
    assertNothingMore(collector.spans);
  });

  test('speaks OTLP over HTTP, with the headers that it was given, which are in no log', () => {
    const [first] = collector.requests;
    assert.equal(first.path, '/v1/traces');
    assert.equal(first.headers['content-type'], 'application/x-protobuf');
    assert.equal(first.headers.authorization, 'Basic Y29sbGVjdG9y');
    assert.equal(first.headers['x-team'], 'identity');
    assert.ok(!dev.program.stderr.includes('Y29sbGVjdG9y'));
  });

  test('keeps work that goes on without its caller in the trace', async () => {
    const trace = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
    const person = newPerson();
    await dev.sandbox.fault({ endpoint: 'hub:2500', kind: 'latency', value: 800 });
    const path = `/identity-verifications/${newId()}/send`;
    const body = JSON.stringify(traced(person, { operator: 'KT', method: 'APP' }));
    await assert.rejects(
      fetch(new URL(path, dev.gateway), {
        method: 'POST',
        headers: { authorization: `PortOne ${SECRET}`, traceparent: traceparent(trace) },
        body,
        signal: AbortSignal.timeout(300),
      }),
    );
    const recorded = await waitFor('the work to end', () =>
      collector.spans.find((span) => span.trace === trace && span.name === 'record_send'),
    );
    const spans = await waitFor('the request to end', () => {
      const all = collector.spans.filter((span) => span.trace === trace);
      return all.some(({ name }) => name === route('send')) && all;
    });
    const root = spans.find(({ name }) => name === route('send'));
    assertOneTree(spans, root);
    assert.ok(recorded.ended <= root.ended, 'the request lasts as long as its work');
    assert.ok(spans.some(({ name }) => name === 'KCP 2500'));
  });

  test('follows what the caller decided, and takes no nonsense for a trace', async () => {
    const get = (header) => fetch(new URL('/docs', dev.gateway), { headers: { traceparent: header } });
    const unsampled = 'b'.repeat(32);
    const answer = await get(traceparent(unsampled, '00'));
    assert.match(answer.headers.get('traceresponse'), new RegExp(`^00-${unsampled}-[0-9a-f]{16}-00$`));
    const own = [];
    for (const wrong of [traceparent('0'.repeat(32)), traceparent('X'.repeat(32)), 'nonsense', `${traceparent()}-more`, `${traceparent()}, ${traceparent()}`]) {
      const [, trace] = (await get(wrong)).headers.get('traceresponse').match(/^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/);
      assert.notEqual(trace, TRACE, wrong);
      own.push(trace);
    }
    await waitFor('the last of them', () => collector.spans.some(({ trace }) => trace === own.at(-1)));
    assert.ok(!collector.spans.some(({ trace }) => trace === unsampled));
    assert.equal(new Set(own).size, own.length, 'each is a trace of its own');
  });

  test('says which call to KCP went wrong, and what was no request says nothing', async () => {
    await dev.sandbox.fault({ endpoint: 'hub:2500', kind: 'drop' });
    const trace = 'c0ffee00c0ffee00c0ffee00c0ffee00';
    const failed = await post(`/identity-verifications/${newId()}/send`, traced(newPerson(), { operator: 'KT', method: 'APP' }), {
      traceparent: traceparent(trace),
    });
    assert.equal(failed.status, 502);
    const call = await waitFor('the call', () => collector.spans.find((span) => span.trace === trace && span.name === 'KCP 2500'));
    assert.equal(call.status, 2, 'an error');
    assert.equal(call.attributes['kcp.code'], 'INVALID_RESPONSE');
    await fetch(new URL('/health/ready', dev.gateway));
    const marked = await post('/login/api-secret', { apiSecret: 'wrong' }, { traceparent: traceparent('d'.repeat(32)) });
    assert.equal(marked.status, 401);
    await collector.traceOf('POST /login/api-secret');
    const roots = new Set(collector.spans.filter(({ parent }) => !parent || parent === PARENT).map(({ name }) => name));
    for (const name of roots) assert.match(name, /^(GET|POST|other) |^webhook$/, 'no worker and no probe begins a trace');
    assert.ok(![...roots].some((name) => name.includes('/health/') || name.includes('/metrics')), [...roots].join());
    assertNothingMore(collector.spans);
  });

  test('lets the trace of a receiver of webhooks go on from ours', async () => {
    const receiver = await Receiver.start();
    try {
      const url = `${receiver.url}/hook-traced-3d7e`;
      await dev.json(['webhook', 'create', '--store', STORE, '--url', url, '--webhook-allow-networks', '127.0.0.0/8']);
      const sent = await post(`/identity-verifications/${newId()}/send`, traced(newPerson(), { operator: 'KT', method: 'APP' }));
      assert.equal(sent.status, 200, await sent.text());
      const [{ headers }] = await receiver.until('the webhook', ({ requests }) => requests);
      const [, trace, parent] = headers.traceparent.match(/^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/);
      const spans = await waitFor('its span', () => {
        const all = collector.spans.filter((span) => span.trace === trace);
        return all.some(({ id }) => id === parent) && all;
      });
      const root = spans.find(({ id }) => id === parent);
      assert.deepEqual([root.name, root.kind, root.attributes], ['webhook', 'client', { 'webhook.outcome': '200' }]);
      assertOneTree(spans, root);
      assert.ok(spans.some(({ name }) => name === 'note_webhook_try'), 'what came of it is noted in it');
      assertNothingMore(collector.spans);
      assert.deepEqual(search({ address: 'hook-traced-3d7e' }, { traces: collector.bytes }), []);
    } finally {
      await receiver.stop();
    }
  });

  test('tells how sending goes', async () => {
    const figures = await waitFor('all to have been sent', async () => {
      const now = await scrape(dev.gateway);
      return now.sum('bonin_trace_spans_exported_total') === now.sum('bonin_trace_spans_total') && now;
    });
    assert.ok(figures.sum('bonin_trace_spans_total') > 20);
    assert.equal(figures.sum('bonin_trace_spans_lost_total'), 0);
  });
});

describe('a collector that is away, slow or full', () => {
  let collector;
  let serve;
  before(async () => {
    collector = await Collector.start();
    serve = await Serve.setUp();
  });
  after(async () => {
    await serve?.stop();
    await collector?.stop();
  });

  async function startWith(endpoint, env = {}) {
    await serve.start({
      contract: false,
      env: { BONIN_OTLP_ENDPOINT: endpoint, BONIN_METRICS_LISTEN: '127.0.0.1:0', BONIN_LIMIT_FAILED_LOGIN: '1000000/1m', ...env },
    });
  }

  /** So many requests, a few at a time, each of which makes several spans; all are answered as they should be. */
  async function load(count) {
    let left = count;
    const worker = async () => {
      while (left-- > 0) {
        const response = await fetch(new URL('/identity-verifications/none', serve.gateway), {
          headers: { authorization: `PortOne ${serve.secret}` },
          signal: AbortSignal.timeout(10_000),
        });
        assert.equal(response.status, 404);
        await response.arrayBuffer();
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
  }

  test('is no matter of requests: they are answered, memory stays bounded, and the end comes in time', async () => {
    for (const [how, endpoint, answer] of [
      ['away', `http://127.0.0.1:${await freePort()}`, 200],
      ['one that never answers', collector.address, undefined],
      ['one that is full', collector.address, 503],
    ]) {
      collector.answer = answer;
      await startWith(endpoint);
      await load(3000);
      const figures = await waitFor(`more spans than the queue has room for, ${how}`, async () => {
        const now = await scrape(serve.metrics);
        return now.sum('bonin_trace_spans_total') > 6000 && now;
      });
      assert.equal(figures.sum('bonin_trace_spans_exported_total'), 0, how);
      const waiting = figures.sum('bonin_trace_spans_total') - figures.sum('bonin_trace_spans_lost_total');
      assert.ok(waiting <= 4096, `${how}: ${waiting} wait, and every other one is counted as lost`);
      assert.equal(figures.sum('bonin_http_requests_total', { status: '4xx' }), 3000, how);
      assert.equal((await serve.sdk().getIdentityVerifications({})).page.totalCount, 0, how);
      // Ends well, within the bound that the harness has for any stop. Whoever comes back now gets what was kept: no more than the
      // queue has room for, and a batch that was on its way.
      const made = figures.sum('bonin_trace_spans_total');
      const before = collector.spans.length;
      collector.answer = 200;
      await serve.stopGateway();
      const kept = collector.spans.length - before;
      assert.ok(kept <= 4096 + 2 * 512 && kept < made - 512, `${how}: ${kept} of ${made} were kept`);
      const told = serve.program.stderr.split('\n').filter((line) => line.includes('traces cannot be sent'));
      assert.ok(told.length <= 1, `${how} is told once at the most: ${told.join('\n')}`);
    }
  });

  test('that comes back gets traces again', async () => {
    collector.answer = 400;
    await startWith(collector.address);
    await load(20);
    await waitFor('the refusal to be noticed', async () => (await scrape(serve.metrics)).sum('bonin_trace_spans_lost_total') > 0);
    collector.answer = 200;
    await load(20);
    await waitFor('spans to be taken', async () => (await scrape(serve.metrics)).sum('bonin_trace_spans_exported_total') > 0);
    await serve.stopGateway();
    assert.match(serve.program.stderr, /traces cannot be sent; requests are not affected/);
    assert.match(serve.program.stderr, /traces are sent again/);
  });

  test('gets what is left when the gateway stops', async () => {
    collector.answer = 200;
    await startWith(collector.address);
    const trace = 'e'.repeat(32);
    await fetch(new URL('/docs', serve.gateway), { headers: { traceparent: traceparent(trace) } });
    await serve.stopGateway();
    assert.ok(collector.spans.some((span) => span.trace === trace), 'it was sent before the end');
  });

  test('may ask for a part of the traces', async () => {
    await startWith(collector.address, { BONIN_OTLP_SAMPLE: '0%' });
    const before = collector.spans.length;
    await load(20);
    const trace = 'f'.repeat(32);
    await fetch(new URL('/docs', serve.gateway), { headers: { traceparent: traceparent(trace) } });
    await serve.stopGateway();
    assert.deepEqual(collector.spans.slice(before).map((span) => span.trace), [trace], 'the caller asked for its own');
  });
});

describe('KCP and the log', () => {
  test('KCP hears of no trace, and without a collector the log still names the caller\'s', async () => {
    let tap;
    const serve = await Serve.setUp({ hub: async (sandbox) => (tap = await Tap.to(sandbox)).address });
    const seen = [];
    tap.server.on('request', ({ headers }) => seen.push(Object.keys(headers)));
    try {
      const collector = await Collector.start();
      await serve.start({ contract: false, env: { BONIN_OTLP_ENDPOINT: collector.address } });
      const send = (headers) =>
        fetch(new URL(`/identity-verifications/${newId()}/send`, serve.gateway), {
          method: 'POST',
          headers: { authorization: `PortOne ${serve.secret}`, ...headers },
          body: JSON.stringify(sending(newPerson(), { channelKey: serve.channel, operator: 'KT', method: 'APP' })),
        });
      assert.ok((await send({ traceparent: traceparent(), 'x-request-id': 'abc-1' })).headers.get('traceresponse'));
      await serve.stopGateway();
      await collector.stop();
      assert.ok(seen.length > 0);
      for (const headers of seen) {
        assert.ok(!headers.some((name) => /^(traceparent|tracestate|baggage|x-request-id|b3)$/.test(name)), headers.join());
      }

      await serve.start({ contract: false, env: { BONIN_LOG_FORMAT: 'json' } });
      const answer = await send({ traceparent: traceparent() });
      assert.equal(answer.headers.get('traceresponse'), null, 'there is no span to name');
      await serve.stopGateway();
      const lines = serve.program.stderr.split('\n').filter(Boolean).map((line) => JSON.parse(line));
      const answered = lines.find(({ fields }) => fields.message === 'answered' && fields.route?.endsWith('/send'));
      assert.equal(answered.span.trace_id, TRACE);
      assert.match(answered.span.id, /^[0-9a-f]{32}$/);
    } finally {
      await serve.stop();
      await tap.stop();
    }
  });

  test('an endpoint or headers that cannot be are refused in one line without them', async () => {
    const env = { BONIN_LISTEN: '127.0.0.1:0', BONIN_PUBLIC_URL: 'https://bonin.example' };
    for (const [more, line] of [
      [{ BONIN_OTLP_ENDPOINT: 'collector' }, /^bonin: otlp_endpoint is not an address\n$/],
      [{ BONIN_OTLP_ENDPOINT: 'http://me:hush-hush@127.0.0.1:4318' }, /^bonin: otlp_endpoint must not hold a password; .*\n$/],
      [{ BONIN_OTLP_ENDPOINT: 'http://127.0.0.1:4318', BONIN_OTLP_HEADERS: 'hush-hush' }, /^bonin: the headers for the collector must be .*\n$/],
      [{ BONIN_OTLP_ENDPOINT: 'http://127.0.0.1:4318', BONIN_OTLP_HEADERS_FILE: '/nowhere/headers' }, /^bonin: cannot read \/nowhere\/headers: .*\n$/],
    ]) {
      const { code, stderr } = await run(['serve'], { env: { ...env, ...more } });
      assert.equal(code, 1);
      assert.match(stderr, line);
      assert.ok(!stderr.includes('hush'), stderr);
    }
  });
});
