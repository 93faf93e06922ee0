// What the promise resolves with.

import type { IdentityVerificationErrorCode, IdentityVerificationResponse } from './browser-sdk';

export type Code = IdentityVerificationErrorCode;

/** Why there is no success. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly pgCode?: string | undefined;
  readonly pgMessage?: string | undefined;
}

const MESSAGES: Record<string, string> = {
  Cancelled: '본인인증 창이 닫혀 본인인증이 취소되었습니다.',
  FailedPrecondition: '팝업이 차단되었습니다. 팝업을 허용하거나 redirectUrl을 함께 전달해 주세요.',
  ResourceExhausted: '요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.',
  DeadlineExceeded: '본인인증 시간이 초과되었습니다. 다시 시도해 주세요.',
  Unavailable: '본인인증 서버에 연결할 수 없습니다. 잠시 후 다시 시도해 주세요.',
  Internal: '본인인증 서버의 응답을 이해할 수 없습니다.',
  PGProviderError: '본인인증에 실패했습니다.',
};

export function failure(code: Code, message = MESSAGES[code] as string): Failure {
  return { code, message };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value || undefined : undefined;
}

/** The failure that a message or an answer tells; `undefined` where it has no `code`. */
export function failureIn(told: Record<string, unknown>, otherwise?: Code): Failure | undefined {
  const code = text(told['code']) || otherwise;
  if (code === undefined) return undefined;
  const message = text(told['message']) || MESSAGES[code] || (MESSAGES['PGProviderError'] as string);
  return { code, message, pgCode: text(told['pgCode']), pgMessage: text(told['pgMessage']) };
}

export function response(id: string, txId = '', failed?: Failure): IdentityVerificationResponse {
  const result: IdentityVerificationResponse = {
    transactionType: 'IDENTITY_VERIFICATION',
    identityVerificationId: id,
    identityVerificationTxId: txId,
  };
  if (failed !== undefined) {
    result.code = failed.code;
    result.message = failed.message;
    if (failed.pgCode !== undefined) result.pgCode = failed.pgCode;
    if (failed.pgMessage !== undefined) result.pgMessage = failed.pgMessage;
  }
  return result;
}
