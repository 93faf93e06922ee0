// The gateway's public endpoints.

import { failure, failureIn, type Code, type Failure } from './result';
import { isWeb } from './redirect';

let script: string | undefined;

/** Where this script came from: the gateway is there too. */
export function setScriptUrl(url: string): string {
  script = url;
  return url;
}

/** The address that the gateway's paths are relative to, with a slash at its end; `undefined` where it is not known. */
export function gateway(): string | undefined {
  const from =
    script || document.querySelector<HTMLScriptElement>('script[src$="/v2/browser-sdk.js"]')?.src;
  try {
    const url = new URL('..', new URL(from || '', document.baseURI));
    return from && isWeb(url.href) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** A try that was begun: the page that leads to KCP, and the origin that the result's message will have. */
export interface Begun {
  readonly txId: string;
  readonly url: string;
  readonly origin: string;
}

/** How a try stands. */
export interface Status {
  readonly verified: boolean;
  /** Set where it has failed. */
  readonly failed?: Failure | undefined;
  /** The person has come back from KCP; unless it is decided, what KCP says of it is not known yet. */
  readonly returned: boolean;
}

// KCP is asked while we wait; the gateway gives up on KCP long before this.
const BEGIN_MS = 45_000;
const STATUS_MS = 10_000;

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  /** Empty where it was not an object. */
  readonly fields: Record<string, unknown>;
}

async function call(url: string, init: RequestInit, ms: number): Promise<Answer> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ms);
  try {
    const answer = await fetch(url, { ...init, credentials: 'omit', cache: 'no-store', signal: abort.signal });
    const body = await answer.text();
    let fields: unknown;
    try {
      fields = JSON.parse(body);
    } catch {
      // A proxy's page: the status has to do.
    }
    const known = typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : {};
    return { ok: answer.ok, status: answer.status, fields: known };
  } finally {
    clearTimeout(timer);
  }
}

/** What an answer without a code means. */
function codeOf(status: number): Code {
  if (status === 429) return 'ResourceExhausted';
  if (status === 400 || status === 413) return 'RequestParseFailed';
  if (status === 403) return 'PermissionDenied';
  return status > 501 && status < 505 ? 'Unavailable' : 'Internal';
}

/** Begins a try. Where that fails, the failure, with the try's id if there is one. */
export async function begin(base: string, body: object): Promise<Begun | (Failure & { readonly txId?: string })> {
  const started = Date.now();
  let answer: Answer;
  try {
    // A string is sent as text/plain, which needs no preflight.
    answer = await call(base + 'checkout/identity-verifications', { method: 'POST', body: JSON.stringify(body) }, BEGIN_MS);
  } catch {
    return failure(Date.now() - started < BEGIN_MS ? 'Unavailable' : 'DeadlineExceeded');
  }
  const { ok, status, fields } = answer;
  const { txId, url } = fields;
  if (!ok) {
    const failed = failureIn(fields, codeOf(status)) as Failure;
    return typeof txId === 'string' ? { ...failed, txId } : failed;
  }
  if (typeof txId === 'string' && typeof url === 'string' && isWeb(url)) {
    try {
      return { txId, url, origin: new URL(url).origin };
    } catch {
      // No address: told as any other answer that makes no sense.
    }
  }
  return failure('Internal');
}

/** How the try stands; `undefined` where the gateway gave no sensible answer. */
export async function askStatus(base: string, txId: string): Promise<Status | undefined> {
  try {
    const { ok, status, fields } = await call(`${base}checkout/${encodeURIComponent(txId)}/status`, {}, STATUS_MS);
    const state = fields['status'];
    if (ok && (state === 'READY' || state === 'VERIFIED' || state === 'FAILED')) {
      const failed = state === 'FAILED' ? failureIn(fields, 'PGProviderError') : undefined;
      return { verified: state === 'VERIFIED', failed, returned: fields['returned'] === true };
    }
    // The gateway knows of no such try, and says so.
    const failed = status === 404 && failureIn(fields);
    if (failed) return { verified: false, failed, returned: false };
  } catch {
    // Offline, or too slow: whoever asks asks again.
  }
  return undefined;
}
