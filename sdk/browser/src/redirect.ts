// Where the person may be sent afterwards, and with what.

import type { IdentityVerificationResponse } from './browser-sdk';

// Schemes that run, read or start something instead of opening a page or the caller's own app.
const REFUSED =
  /^(javascript|vbscript|data|file|filesystem|blob|about|intent|android-app|view-source|content|jar|resource|res|mhtml|wss?|ftps?|smb|ldaps?|(chrome|edge|moz|ms|safari)(-.*)?)$/;

export function isWeb(address: string): boolean {
  return /^https?:/i.test(address);
}

/** Whether this is an absolute http(s) address, or one with an app's own scheme. */
export function isAcceptable(address: string): boolean {
  // Browsers drop control characters and read `\` as `/`: what was checked would not be what is opened.
  if (/[\u0000-\u0020\u007f-\u009f\\\u2028\u2029\ufeff]/.test(address)) return false;
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\/[^/?#]/i.exec(address) ?? [];
  if (!scheme || REFUSED.test(scheme.toLowerCase())) return false;
  try {
    const { username, password } = new URL(address);
    return !username && !password;
  } catch {
    return false;
  }
}

/** `redirectUrl` with the result in its query. */
export function withResult(redirectUrl: string, result: IdentityVerificationResponse): string {
  const url = new URL(redirectUrl);
  for (const [name, value] of Object.entries(result)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}
