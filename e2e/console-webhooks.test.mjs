// The console's pages of webhooks: made with a secret that is shown once, tried out, paused, put away; and what was sent, looked at
// and sent once more.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Webhook } from '@portone/server-sdk';
import { assertAccessible, assertFits, launch } from './harness/browser.mjs';
import { Setup } from './harness/console-setup.mjs';
import { signInAs } from './harness/console.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { waitFor } from './harness/program.mjs';
import { Receiver } from './harness/receiver.mjs';

const READY = 'IdentityVerification.Ready';
const ENV = {
  BONIN_WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8',
  BONIN_WEBHOOK_TIMEOUT: '2s',
  BONIN_WEBHOOK_FIRST_RETRY: '200ms',
};

let setup, browser, visit;
const open = [];
before(async () => {
  setup = await Setup.start({ env: ENV });
  browser = await launch();
});
afterEach(async () => {
  await visit?.close();
  visit = undefined;
  for (const one of open.splice(0)) await one.stop();
});
after(async () => {
  await browser?.close();
  await setup?.stop();
});

const enter = async (path, options) => {
  visit = await setup.visit(browser, path, options);
  return visit.page;
};

async function receiver(options) {
  const made = await Receiver.start(options);
  open.push(made);
  return made;
}

const shell = (args) => setup.serve.json(['webhook', ...args], ENV);

/** A webhook made by the shell, put away with its test. */
async function hook(url, events = [READY]) {
  const made = await shell(['create', '--store', setup.store, '--url', url, ...events.flatMap((event) => ['--event', event])]);
  open.push({ stop: async () => (await shell(['show', made.id])).state !== 'RETIRED' && shell(['retire', made.id]) });
  return made;
}

/** Something happens: a verification begins. */
async function begin(of = setup) {
  const id = newId();
  await of.serve.sdk().sendIdentityVerification({
    identityVerificationId: id,
    ...sending(newPerson(), { channelKey: of.serve.channel, operator: 'SKT' }),
  });
  return id;
}

/** Makes a webhook as a person would, and reads its secret off the one page that shows it. */
async function make(page, url, { ticked = ['시작'], unticked = ['성공', '실패'] } = {}) {
  await page.goto(setup.at('/console/webhooks/new'));
  await page.getByLabel('상점', { exact: true }).selectOption(setup.store);
  await page.getByLabel('받는 주소').fill(url);
  for (const name of ticked) await page.getByRole('checkbox', { name: new RegExp(`^${name}`) }).check();
  for (const name of unticked) await page.getByRole('checkbox', { name: new RegExp(`^${name}`) }).uncheck();
  await page.getByRole('button', { name: '만들기' }).click();
  await page.getByText('다시 볼 수 없습니다').waitFor();
  const secret = await page.locator('#secret').textContent();
  await page.getByRole('link', { name: '복사했습니다' }).click();
  await page.waitForURL(/\/webhooks\/webhook-/);
  const id = new URL(page.url()).pathname.split('/').at(-1);
  open.push({ stop: async () => (await shell(['show', id])).state !== 'RETIRED' && shell(['retire', id]) });
  return { id, secret };
}

const verified = (secret, { body, headers }) => Webhook.verify(secret, body, headers);

describe('webhooks in the console', () => {
  test('one is made, its secret is shown once, and a test message that it signs arrives', async () => {
    const there = await receiver();
    const page = await enter('/console/webhooks');
    await page.getByRole('link', { name: '웹훅 만들기' }).click();
    const { id, secret } = await make(page, `${there.url}?token=canary-6f1d`);
    assert.match(secret, /^whsec_[A-Za-z0-9+/]+=*$/);

    await page.getByRole('button', { name: '시험 메시지 보내기' }).click();
    await page.getByRole('status').getByText('시험 메시지를 보냈습니다').waitFor();
    const [sent] = there.requests;
    assert.equal(sent.path, '/hooks?token=canary-6f1d');
    await verified(secret, sent);
    await assert.rejects(verified(`whsec_${Buffer.from('another').toString('base64')}`, sent));
    assert.equal(await page.locator('#webhook-id').textContent(), sent.id);
    const row = page.getByRole('row').filter({ hasText: '1번째' });
    await row.getByText('200', { exact: true }).waitFor();
    await row.getByText('받는 쪽이 받았습니다.').waitFor();

    for (const path of [`/console/webhooks/${id}`, '/console/webhooks', `/console/stores/${setup.store}`, '/console/audit']) {
      await page.goto(setup.at(path));
      const content = await page.content();
      assert.ok(!content.includes(secret.slice(6)), path);
      // The whole address stands in the form that changes it, and nowhere else.
      const shown = path.endsWith(id) ? page.getByRole('heading', { level: 1 }) : page.locator('main');
      assert.ok(!(await shown.innerText()).includes('canary-6f1d'), path);
      if (path !== '/console/audit') assert.ok(content.includes(`${there.url}?…`), path);
    }
    const log = setup.serve.program.stdout + setup.serve.program.stderr;
    assert.ok(!log.includes(secret.slice(6)) && !log.includes('canary-6f1d'));
    assert.deepEqual(visit.faults, []);
  });

  test('what the receiver refused is explained, and sent once more under the same id', async () => {
    const there = await receiver({ answer: (_, response) => response.writeHead(500).end('canary-answer') });
    const made = await hook(there.url);
    const page = await enter(`/console/webhooks/${made.id}`);
    await page.getByRole('button', { name: '시험 메시지 보내기' }).click();
    const row = page.getByRole('row').filter({ hasText: '1번째' });
    await row.getByText('500', { exact: true }).waitFor();
    await row.getByText(/받는 쪽에서 오류가 났습니다/).waitFor();
    assert.ok(!(await page.content()).includes('canary-answer'), 'an answer may echo anything');
    await page.getByRole('definition').getByText('전달 포기').waitFor();

    there.answer = (_, response) => response.writeHead(204).end();
    await page.getByRole('button', { name: '다시 보내기' }).click();
    await page.getByRole('status').getByText('다시 보냈습니다').waitFor();
    await page.getByRole('definition').getByText('전달됨').waitFor();
    await page.getByRole('row').filter({ hasText: '2번째' }).getByText('204', { exact: true }).waitFor();
    const ids = there.requests.map(({ id }) => id);
    assert.equal(ids.length, 2);
    assert.equal(ids[0], ids[1]);
    await verified(made.secret, there.requests[1]);
    const actions = (await setup.json(['audit', 'list', '--size', '10'])).entries.map(({ action }) => action);
    assert.deepEqual(actions.slice(0, 2), ['webhook.replay', 'webhook.test']);
    assert.deepEqual(visit.faults, []);
  });

  test('another secret takes its place with the old one beside it, or at once', async () => {
    const there = await receiver();
    const made = await hook(there.url);
    const page = await enter(`/console/webhooks/${made.id}`);
    const rotate = async (overlap) => {
      await page.goto(setup.at(`/console/webhooks/${made.id}`));
      await page.locator('summary', { hasText: '시크릿 교체' }).click();
      await page.getByLabel('이전 시크릿을 함께 쓰는 시간').selectOption(overlap);
      await page.getByRole('button', { name: '시크릿 교체하기' }).click();
      await page.getByText('다시 볼 수 없습니다').waitFor();
      const secret = await page.locator('#secret').textContent();
      await page.getByRole('link', { name: '복사했습니다' }).click();
      await page.waitForURL(/\/webhook-/);
      return secret;
    };
    const test = async () => {
      await page.getByRole('button', { name: '시험 메시지 보내기' }).click();
      await page.getByText('시험 메시지를 보냈습니다').waitFor();
      return there.requests.at(-1);
    };
    const second = await rotate('3일');
    await page.getByText('까지 함께 서명합니다').waitFor();
    const both = await test();
    for (const secret of [made.secret, second]) await verified(secret, both);

    const third = await rotate('바로 끝내기');
    assert.equal(await page.getByText('까지 함께 서명합니다').count(), 0);
    const one = await test();
    await verified(third, one);
    for (const secret of [made.secret, second]) await assert.rejects(verified(secret, one));
    assert.deepEqual(visit.faults, []);
  });

  test('while it is paused messages wait; they can be found by what they are, and go once it is resumed', async () => {
    const there = await receiver();
    const made = await hook(there.url);
    const page = await enter(`/console/webhooks/${made.id}`);
    await page.getByRole('button', { name: '일시 중지하기' }).click();
    await page.getByRole('status').getByText('일시 중지했습니다').waitFor();
    const [one, other] = [await begin(), await begin()];
    await page.goto(setup.at('/console/webhooks'));
    const item = page.getByRole('listitem').filter({ hasText: there.url });
    await item.getByText('일시 중지', { exact: true }).waitFor();
    await item.getByText('대기 중인 메시지 2건').waitFor();

    await item.getByRole('link').click();
    const table = page.getByRole('table');
    assert.equal(await table.locator('tbody tr').count(), 2);
    assert.equal(await table.getByText('다시 시작한 뒤').count(), 2);
    await table.getByRole('link').first().click();
    await page.getByText('다시 시작할 때까지 이 메시지는 기다립니다').waitFor();
    await page.goBack();
    await page.getByLabel('identityVerificationId').fill(one);
    await page.getByRole('button', { name: '찾기' }).click();
    await page.waitForURL(/identityVerificationId=/);
    assert.equal(await table.locator('tbody tr').count(), 1);
    await table.getByText(one).waitFor();
    await page.getByLabel('상태').selectOption('DELIVERED');
    await page.getByRole('button', { name: '찾기' }).click();
    await page.getByText('조건에 맞는 메시지가 없습니다').waitFor();
    await page.goto(setup.at(`/console/webhooks/${made.id}?identityVerificationId=%EA%B0%80`));
    await page.locator('#identityVerificationId-error').getByText(/본인인증 아이디/).waitFor();
    assert.equal(there.requests.length, 0);

    await page.goto(setup.at(`/console/webhooks/${made.id}`));
    await page.getByRole('button', { name: '다시 시작하기' }).click();
    await page.getByRole('status').getByText('다시 시작했습니다').waitFor();
    await there.until('both', ({ requests }) => requests, 2);
    assert.deepEqual(new Set(there.requests.map(({ body }) => JSON.parse(body).data.identityVerificationId)), new Set([one, other]));
    await waitFor('both to be written down', async () => (await shell(['show', made.id])).pending === 0);
    await page.goto(setup.at(`/console/webhooks/${made.id}`));
    await page.getByRole('row').filter({ hasText: one }).getByText('전달됨').waitFor();
    await page.getByRole('row').filter({ hasText: one }).getByRole('link').click();
    await page.getByRole('link', { name: one }).click();
    await page.waitForURL(new RegExp(`/console/verifications/.*${one}$`));
    assert.deepEqual(visit.faults, []);
  });

  test('messages come in pages', async () => {
    const made = await hook('http://127.0.0.1:9/', [READY]);
    await shell(['pause', made.id]);
    const ids = [];
    for (let count = 0; count < 31; count += 1) ids.push(await begin());
    const page = await enter(`/console/webhooks/${made.id}`);
    const rows = page.locator('table tbody tr');
    assert.equal(await rows.count(), 30);
    assert.equal(await page.getByText(ids[0]).count(), 0);
    await page.getByRole('link', { name: '더 오래된 메시지' }).click();
    await page.waitForURL(/before=/);
    assert.equal(await rows.count(), 1);
    await rows.getByText(ids[0]).waitFor();
    await page.getByRole('link', { name: '최근 메시지로' }).click();
    await page.waitForURL((url) => !url.search.includes('before'));
    assert.equal(await rows.count(), 30);
    assert.deepEqual(visit.faults, []);
  });

  test('address and events are changed; what is wrong is told beside the field, and what was typed stays', async () => {
    const [from, to] = [await receiver(), await receiver()];
    const made = await hook(from.url);
    const page = await enter(`/console/webhooks/${made.id}`);
    await page.locator('summary', { hasText: '주소와 이벤트' }).click();
    await page.getByLabel('받는 주소').fill('http://10.0.0.1/hooks');
    await page.getByRole('checkbox', { name: /^시작/ }).uncheck();
    await page.getByRole('button', { name: '저장' }).click();
    await page.locator('#url-error').getByText(/허용되지 않은 네트워크/).waitFor();
    await page.locator('#events-error').getByText(/하나 이상/).waitFor();
    assert.equal(await page.getByLabel('받는 주소').inputValue(), 'http://10.0.0.1/hooks');
    await assertAccessible(page, 'a form that came back');
    await page.getByLabel('받는 주소').fill(to.url);
    await page.getByRole('checkbox', { name: /^시작/ }).check();
    await page.getByRole('checkbox', { name: /^실패/ }).check();
    await page.getByRole('button', { name: '저장' }).click();
    await page.getByRole('status').getByText('저장했습니다').waitFor();
    assert.deepEqual((await shell(['show', made.id])).events, [READY, 'IdentityVerification.Failed']);
    const id = await begin();
    await to.until('the message', (receiver) => receiver.about(id));
    assert.equal(from.requests.length, 0);

    await page.goto(setup.at('/console/webhooks/new'));
    await page.getByLabel('받는 주소').fill('shop.example.com');
    await page.getByRole('button', { name: '만들기' }).click();
    await page.locator('#url-error').getByText(/https로 시작하는/).waitFor();
    assert.equal(await page.getByLabel('받는 주소').inputValue(), 'shop.example.com');
  });

  test('one is put away after a question, and nothing goes to it any more', async () => {
    const there = await receiver();
    const made = await hook(there.url);
    await shell(['pause', made.id]);
    await begin();
    const page = await enter(`/console/webhooks/${made.id}`);
    await page.getByRole('link', { name: '폐기하기' }).click();
    await page.getByText('되돌릴 수 없습니다').waitFor();
    await page.getByRole('definition').getByText('1건').waitFor();
    await page.getByRole('button', { name: '폐기합니다' }).click();
    await page.getByRole('status').getByText('폐기했습니다').waitFor();
    await page.getByRole('row').getByText('취소됨').waitFor();
    assert.equal(await page.locator('main form[method=post]').count(), 0);
    await page.goto(setup.at('/console/webhooks'));
    assert.ok(!(await page.getByRole('link', { name: there.url }).isVisible()));
    await page.locator('summary', { hasText: '폐기된 웹훅' }).click();
    await page.getByRole('listitem').filter({ hasText: there.url }).getByText('폐기됨').waitFor();
    assert.equal(there.requests.length, 0);
    assert.deepEqual(visit.faults, []);
  });

  test('who may only look sees where it leads to but not the path, and can change nothing', async () => {
    const there = await receiver();
    const made = await hook(`${there.url}/canary-path?token=canary-token`);
    const { id: sent } = await shell(['test', made.id, '--wait', '10s']);
    const page = await enter(`/console/webhooks/${made.id}`, { role: 'VIEWER' });
    for (const path of [`/console/webhooks/${made.id}`, '/console/webhooks', `/console/stores/${setup.store}`, `/console/webhooks/${made.id}/deliveries/${sent}`]) {
      await page.goto(setup.at(path));
      const content = await page.content();
      assert.ok(!content.includes('canary'), path);
      assert.ok(content.includes(`http://127.0.0.1:${there.port}/…`), path);
      assert.equal(await page.locator('main form[method=post]').count(), 0, path);
      assert.equal(await page.getByRole('link', { name: /폐기하기|웹훅 만들기/ }).count(), 0, path);
    }
    for (const [method, path] of [
      ['GET', 'new'], ['POST', 'new'], ['POST', made.id], ['POST', `${made.id}/secret`], ['POST', `${made.id}/pause`],
      ['POST', `${made.id}/resume`], ['POST', `${made.id}/test`], ['GET', `${made.id}/retire`], ['POST', `${made.id}/retire`],
      ['POST', `${made.id}/deliveries/${sent}/replay`],
    ]) {
      const form = { url: 'https://elsewhere.example/', events: READY, store: setup.store, overlap: '0' };
      assert.equal(await visit.status(method, `/console/webhooks/${path}`, form), 403, `${method} ${path}`);
    }
    assert.equal(there.requests.length, 1);
    assert.equal((await shell(['show', made.id])).state, 'LIVE');
  });

  test('a message is shown only under its own webhook', async () => {
    const there = await receiver();
    const [one, other] = [await hook(there.url), await hook(there.url)];
    const { id } = await shell(['test', one.id, '--wait', '10s']);
    await enter('/console/webhooks');
    for (const [path, status] of [
      [`${one.id}/deliveries/${id}`, 200], [`${other.id}/deliveries/${id}`, 404], [`${one.id}/deliveries/none`, 404],
      [`${one.id}/deliveries/${encodeURIComponent("' OR 1")}`, 404], ['none', 404], [encodeURIComponent('가'), 404],
    ]) {
      assert.equal(await visit.status('GET', `/console/webhooks/${path}`), status, path);
    }
    assert.equal(await visit.status('POST', `/console/webhooks/${other.id}/deliveries/${id}/replay`), 404);
  });

  test('the keyboard alone, without a script, makes one and tries it', async () => {
    const there = await receiver();
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'ko-KR', viewport: { width: 390, height: 900 } });
    open.push({ stop: () => context.close() });
    const page = await context.newPage();
    await signInAs(setup.serve, page, { role: 'OPERATOR' });
    await page.goto(setup.at('/console/webhooks/new'));
    await page.getByLabel('받는 주소').focus();
    await page.keyboard.type(there.url);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space'); // the first event
    await page.keyboard.press('Enter');
    await page.getByText('다시 볼 수 없습니다').waitFor();
    await page.getByRole('link', { name: '복사했습니다' }).press('Enter');
    await page.getByRole('button', { name: '시험 메시지 보내기' }).press('Enter');
    await page.getByText('시험 메시지를 보냈습니다').waitFor();
    assert.equal(there.requests.length, 1);
    const [{ id }] = (await shell(['list'])).filter(({ url }) => url === there.url);
    assert.deepEqual((await shell(['show', id])).events.toSorted(), ['IdentityVerification.Failed', READY, 'IdentityVerification.Verified']);
    await shell(['retire', id]);
  });

  for (const width of [1280, 390]) {
    test(`each page fits and is accessible at ${width} px`, async () => {
      let status = 200;
      const there = await receiver({ answer: (_, response) => response.writeHead(status).end() });
      const page = await enter('/console/webhooks', { width });
      const look = async (what) => {
        for (const colorScheme of ['dark', 'light']) {
          await page.emulateMedia({ colorScheme });
          await assertFits(page, what);
          await assertAccessible(page, `${what}, ${colorScheme}`);
        }
        await setup.picture(page, `webhooks-${what}-${width}`);
      };
      await page.goto(setup.at('/console/webhooks/new'));
      await look('new');
      const made = await hook(`${there.url}/${'a-long-path/'.repeat(12)}?token=1`);
      await page.goto(setup.at(`/console/webhooks/${made.id}`));
      await look('fresh');
      await begin();
      status = 503;
      const id = await begin();
      await waitFor('both to be written down', async () => {
        const { items } = await shell(['deliveries', made.id]);
        return items.length === 2 && items.every(({ tries }) => tries > 0);
      });
      await page.goto(setup.at(`/console/webhooks/${made.id}`));
      for (const name of ['주소와 이벤트', '시크릿 교체']) await page.locator('summary', { hasText: name }).click();
      await look('detail');
      await page.getByRole('row').filter({ hasText: id }).getByRole('link').click();
      await page.waitForURL(/\/deliveries\//);
      await look('delivery');
      await page.goto(setup.at(`/console/webhooks/${made.id}/retire`));
      await look('retire');
      await shell(['pause', made.id]);
      await page.goto(setup.at('/console/webhooks'));
      await look('list');
      await page.goto(setup.at(`/console/webhooks/${made.id}`));
      await page.locator('summary', { hasText: '시크릿 교체' }).click();
      await page.getByRole('button', { name: '시크릿 교체하기' }).click();
      await page.getByText('다시 볼 수 없습니다').waitFor();
      await look('once');
      await page.goto(setup.at(`/console/stores/${setup.store}`));
      await look('store');
      assert.deepEqual(visit.faults, []);
    });
  }
});

describe('a webhook that fails for long', () => {
  let failing;
  before(async () => {
    failing = await Setup.start({ env: { ...ENV, BONIN_WEBHOOK_PAUSE_AFTER: '1s' } });
  });
  after(() => failing?.stop());

  for (const width of [1280, 390]) {
    test(`is paused, and the overview says so until it is resumed, at ${width} px`, async () => {
      const there = await receiver({ answer: (_, response) => response.writeHead(500).end() });
      const json = (args) => failing.serve.json(['webhook', ...args], ENV);
      const made = await json(['create', '--store', failing.store, '--url', there.url, '--event', READY]);
      open.push({ stop: () => json(['retire', made.id]) });
      const id = await begin(failing);
      await waitFor('the pause', async () => (await json(['show', made.id])).pauseCause === 'FAILING', { ms: 20_000 });
      visit = await failing.visit(browser, '/console', { width });
      const { page } = visit;
      const banner = page.getByRole('region', { name: '웹훅을 확인해야 합니다' });
      await banner.getByText(/에 중지되었습니다/).waitFor();
      await assertFits(page, 'overview');
      await assertAccessible(page, 'overview');
      await failing.picture(page, `webhooks-overview-${width}`);
      await banner.getByRole('link', { name: there.url }).click();
      await page.getByText(/전달에 계속 실패해/).waitFor();
      await assertFits(page, 'paused');
      await assertAccessible(page, 'paused');
      await failing.picture(page, `webhooks-paused-${width}`);

      there.answer = (_, response) => response.writeHead(200).end();
      await page.getByRole('button', { name: '다시 시작하기' }).click();
      await page.getByRole('status').getByText('다시 시작했습니다').waitFor();
      await there.until('what waited', ({ requests }) => requests.filter(({ body }) => body.includes(id)), 2);
      await waitFor('the state', async () => (await json(['show', made.id])).state === 'LIVE');
      await page.goto(failing.at('/console'));
      assert.equal(await banner.count(), 0);
      assert.deepEqual(visit.faults, []);
    });
  }
});
