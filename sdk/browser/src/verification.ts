// One call: opens the window, watches it, and settles once.

import type { IdentityVerificationResponse } from './browser-sdk';
import { openFrame } from './frame';
import { askStatus, begin, type Begun, type Status } from './gateway';
import { openPopup } from './popup';
import { isWeb, withResult } from './redirect';
import type { Order } from './request';
import { failure, failureIn, response, type Code, type Failure } from './result';
import type { Stage } from './stage';

const TICK_MS = 300;
// What the message has brought long before, unless the tie between the windows was cut.
const ASK_MS = 4_000;
const ASK_AT_MOST_MS = 10_000;
// A try lives 30 minutes; the gateway is given a moment to say so itself.
const LIFE_MS = 31 * 60_000;
// The result may be about to be recorded when the window closes: asked at once and then after these pauses.
const PAUSES_MS = [400, 600, 900];
// The person came back from KCP, but the gateway has yet to learn the outcome.
const RETURNED_PAUSES_MS = Array<number>(12).fill(1_000);

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Ends the call that is under way: a newer one takes its place. */
let supersede: (() => void) | undefined;

/** Must run inside the click, before anything is awaited: it opens the popup. */
export function verify(base: string, order: Order): Promise<IdentityVerificationResponse> {
  supersede?.();
  return new Promise((resolve) => run(base, order, resolve));
}

function run(base: string, order: Order, resolve: (result: IdentityVerificationResponse) => void): void {
  const { id, redirectUrl } = order;
  let stage: Stage | undefined;
  let begun: Begun | undefined;
  let settled = false;
  /** The window is no more, and the gateway is being asked what came of it. */
  let concluding = false;
  let asking = false;
  let pause = ASK_MS;
  let askAt = 0;
  let end = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const settle = (result: IdentityVerificationResponse, mayRedirect?: boolean): void => {
    if (settled) return;
    settled = true;
    if (supersede === superseded) supersede = undefined;
    clearTimeout(timer);
    removeEventListener('message', onMessage);
    removeEventListener('pageshow', onPageShow);
    stage?.close();

    if (!mayRedirect || !order.forceRedirect || redirectUrl === undefined) return resolve(result);
    // The page is left, and the promise with it. It resolves only where the page stays: restored from history, or because an app
    // took the address for itself.
    addEventListener('pageshow', ({ persisted }) => persisted && resolve(result));
    if (!isWeb(redirectUrl)) setTimeout(resolve, 1_000, result);
    location.assign(withResult(redirectUrl, result));
  };

  /** Without `failed` it is a success. Before the window opens nothing is redirected. */
  const finish = (failed?: Failure): void => settle(response(id, begun?.txId, failed), begun !== undefined);

  const superseded = (): void =>
    settle(response(id, begun?.txId, failure('Cancelled', '새 본인인증 요청이 시작되어 이전 요청은 취소되었습니다.')));

  /** Settles if this decides anything. */
  const take = (status: Status | undefined): boolean => {
    if (status && (status.verified || status.failed)) finish(status.failed);
    return settled;
  };

  /** The window is gone: what came of it? */
  const conclude = async (otherwise: Code = 'Cancelled'): Promise<void> => {
    if (settled || concluding || !begun) return;
    concluding = true;
    stage?.close();
    const { txId } = begun;
    let status = await askStatus(base, txId);
    for (const [i, ms] of [...PAUSES_MS, ...RETURNED_PAUSES_MS].entries()) {
      if (take(status)) return;
      if (i >= PAUSES_MS.length && !status?.returned) break;
      await sleep(ms);
      if (settled) return;
      status = await askStatus(base, txId);
    }
    if (take(status)) return;
    if (status && !status.returned) finish(failure(otherwise));
    else finish(failure('Unavailable', '본인인증 결과를 아직 알 수 없습니다. 잠시 후 결과를 조회해 주세요.'));
  };

  const onMessage = ({ origin, source, data }: MessageEvent): void => {
    if (!begun || !stage || origin !== begun.origin || source !== stage.source()) return;
    if (!data || data.bonin !== 1 || data.txId !== begun.txId || !(data.result || 0).transactionType) return;
    finish(failureIn(data.result));
  };

  /** The person went back to this page, which had been left. */
  const onPageShow = ({ persisted }: PageTransitionEvent): void => {
    if (persisted && !stage) void conclude();
  };

  /** In the background, for where no message can come. */
  const ask = async ({ txId }: Begun): Promise<void> => {
    asking = true;
    const status = await askStatus(base, txId);
    asking = false;
    pause = Math.min(pause * 1.25, ASK_AT_MOST_MS);
    askAt = Date.now() + pause;
    take(status);
  };

  const tick = (): void => {
    if (settled || concluding || !begun) return;
    const now = Date.now();
    if (now >= end) return void conclude('DeadlineExceeded');
    if (stage?.closed()) return void conclude();
    if (stage && now >= askAt && !asking) void ask(begun);
    timer = setTimeout(tick, TICK_MS);
  };

  const opened = (answer: Begun | (Failure & { readonly txId?: string })): void => {
    if (settled) return;
    if ('code' in answer) return settle(response(id, answer.txId, answer));
    begun = answer;
    end = Date.now() + LIFE_MS;
    askAt = Date.now() + pause;
    addEventListener('message', onMessage);
    addEventListener('pageshow', onPageShow);
    if (stage?.closed()) return void conclude();
    if (stage) stage.go(answer.url);
    else location.assign(answer.url);
    timer = setTimeout(tick, TICK_MS);
  };

  supersede = superseded;
  let { shown } = order;
  if (shown === 'POPUP') stage = openPopup(order.center);
  if (shown === 'IFRAME') {
    stage = openFrame(order.dim, () => {
      stage?.close();
      void conclude();
    });
  }
  if (shown !== 'REDIRECTION' && !stage) {
    if (redirectUrl === undefined) return finish(failure('FailedPrecondition'));
    shown = 'REDIRECTION';
  }
  // `forceRedirect` is kept back: popup and frame report to this page, and this page does the redirecting.
  void begin(base, { ...order.body, windowType: shown }).then(opened);
}
