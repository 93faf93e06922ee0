// Reads what the page passed. A call that is wrong in itself is refused by an Error that names the argument.

import type { IdentityVerificationRequest } from './browser-sdk';
import { isAcceptable } from './redirect';

/** How the window is shown, of those that there are for an identity verification. */
export type Shown = 'POPUP' | 'REDIRECTION' | 'IFRAME';

/** A call that is right in itself. */
export interface Order {
  /** For the gateway, as it came; `windowType` is added when it is known. */
  readonly body: Record<string, unknown>;
  readonly id: string;
  readonly shown: Shown;
  readonly redirectUrl: string | undefined;
  readonly forceRedirect: boolean;
  readonly center: boolean;
  readonly dim: boolean;
}

const SHOWN: readonly unknown[] = ['POPUP', 'REDIRECTION', 'IFRAME'];

type Fields = Record<string, unknown>;

function refuse(what: string): never {
  throw new Error(`[Bonin] ${what}`);
}

/** An argument of this type; `undefined` where there is none; `null` reads as absent. */
function optional(fields: Fields, path: string, type: 'string' | 'boolean' | 'object'): unknown {
  const value = fields[path.split('.').pop() as string] ?? undefined;
  if (value === undefined || (typeof value === type && !Array.isArray(value))) return value;
  return refuse(`${path}: ${{ string: '문자열이어야', boolean: 'true 또는 false여야', object: '객체여야' }[type]} 합니다.`);
}

function required(fields: Fields, name: string, hint: string): string {
  return (optional(fields, name, 'string') || refuse(`${name}: 필수 항목입니다. ${hint}`)) as string;
}

export function readRequest(request: IdentityVerificationRequest, mobile: boolean): Order {
  if (typeof request !== 'object' || request === null) refuse('request: 요청 객체를 전달해 주세요.');
  const fields = request as unknown as Fields;

  const storeId = required(fields, 'storeId', '상점 아이디를 입력해 주세요.');
  const id = required(fields, 'identityVerificationId', '본인인증 건마다 새 아이디를 입력해 주세요.');
  const channelKey = required(fields, 'channelKey', '채널 키를 입력해 주세요.');

  const types = (optional(fields, 'windowType', 'object') || {}) as Fields;
  for (const device of ['pc', 'mobile']) {
    if (types[device] != null && !SHOWN.includes(types[device])) {
      refuse(`windowType.${device}: POPUP, REDIRECTION, IFRAME 중 하나여야 합니다.`);
    }
  }
  // KCP's defaults.
  const shown = (mobile ? types['mobile'] || 'REDIRECTION' : types['pc'] || 'POPUP') as Shown;

  const redirectUrl = (optional(fields, 'redirectUrl', 'string') || undefined) as string | undefined;
  if (redirectUrl !== undefined && !isAcceptable(redirectUrl)) {
    refuse('redirectUrl: http, https로 시작하는 전체 주소이거나 앱의 고유 스킴(예: myapp://verified)이어야 합니다.');
  }
  if (shown === 'REDIRECTION' && redirectUrl === undefined) {
    refuse(
      `redirectUrl: 창 유형이 REDIRECTION이면 필수입니다.${mobile && types['mobile'] == null ? ' 모바일의 기본 창 유형은 REDIRECTION입니다.' : ''}`,
    );
  }

  const forceRedirect = optional(fields, 'forceRedirect', 'boolean') === true;
  const popup = (optional(fields, 'popup', 'object') || {}) as Fields;
  const iframe = (optional(fields, 'iframe', 'object') || {}) as Fields;
  const center = optional(popup, 'popup.center', 'boolean') === true;
  const dim = optional(iframe, 'iframe.dim', 'boolean') !== false;
  const customer = optional(fields, 'customer', 'object');
  const customData = optional(fields, 'customData', 'string');
  // The REST API takes `bypass` as a string that holds an object, too.
  const bypass = typeof fields['bypass'] === 'string' ? fields['bypass'] : optional(fields, 'bypass', 'object');

  const body = { storeId, identityVerificationId: id, channelKey, redirectUrl, customer, customData, bypass };
  try {
    JSON.stringify(body);
  } catch {
    refuse('customer, bypass: JSON으로 나타낼 수 있는 값이어야 합니다.');
  }
  return { body, id, shown, redirectUrl, forceRedirect: forceRedirect && redirectUrl !== undefined, center, dim };
}
