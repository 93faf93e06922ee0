// What `window.PortOne` and the module offer.

import type * as Published from './browser-sdk';
import { isMobile, type Device } from './device';
import { gateway, setScriptUrl } from './gateway';
import { readRequest } from './request';
import { verify } from './verification';

/** An object whose values are their own names. */
function named<T>(names: string): T {
  const all: Record<string, string> = {};
  for (const name of names.split(' ')) all[name] = name;
  return all as T;
}

export const WindowType = named<typeof Published.WindowType>('IFRAME POPUP REDIRECTION UI');

export const TransactionType = named<typeof Published.TransactionType>(
  'PAYMENT ISSUE_BILLING_KEY IDENTITY_VERIFICATION ISSUE_BILLING_KEY_AND_PAY',
);

export const IdentityVerificationErrorCode = named<typeof Published.IdentityVerificationErrorCode>(
  'RequestParseFailed StoreNotFound ChannelNotFound InvalidEntityState IdentityVerificationAlreadyVerified PGProviderError ' +
    'Cancelled FailedPrecondition PermissionDenied ResourceExhausted DeadlineExceeded Unavailable Internal',
);

export const requestIdentityVerification: typeof Published.requestIdentityVerification = (request) => {
  try {
    const order = readRequest(request, isMobile(navigator as Device));
    const base = gateway();
    if (base === undefined) {
      throw new Error(
        '[Bonin] 스크립트의 주소를 알 수 없습니다. __INTERNAL__setPortOneSdkUrl로 알려 주세요.',
      );
    }
    return verify(base, order);
  } catch (error) {
    return Promise.reject(error);
  }
};

function notOurs(name: string): () => Promise<never> {
  return () => Promise.reject(new Error(`[Bonin] ${name}: Bonin은 본인인증만 지원합니다.`));
}

export const requestPayment = notOurs('requestPayment');
export const requestIssueBillingKey = notOurs('requestIssueBillingKey');
export const requestIssueBillingKeyAndPay = notOurs('requestIssueBillingKeyAndPay');
export const loadPaymentUI = notOurs('loadPaymentUI');
export const loadIssueBillingKeyUI = notOurs('loadIssueBillingKeyUI');
export const updateLoadPaymentUIRequest = notOurs('updateLoadPaymentUIRequest');
export const updateLoadIssueBillingKeyUIRequest = notOurs('updateLoadIssueBillingKeyUIRequest');

export const __INTERNAL__setPortOneSdkUrl: typeof Published.__INTERNAL__setPortOneSdkUrl = setScriptUrl;

function errorType(error: unknown): unknown {
  return typeof error === 'object' && error !== null && (error as { __portOneErrorType?: unknown }).__portOneErrorType;
}

export function isPortOneError(error: unknown): error is Published.PortOneError {
  return typeof errorType(error) === 'string';
}

export function isIdentityVerificationError(error: unknown): error is Published.PortOneError {
  return errorType(error) === 'IdentityVerificationError';
}

export const Entity: typeof Published.Entity = { WindowType, TransactionType };

export const errors: typeof Published.errors = {
  IdentityVerificationErrorCode,
  isPortOneError,
  isIdentityVerificationError,
};

export const PortOne: typeof Published.default = {
  requestIdentityVerification,
  requestPayment,
  requestIssueBillingKey,
  requestIssueBillingKeyAndPay,
  loadPaymentUI,
  loadIssueBillingKeyUI,
  updateLoadPaymentUIRequest,
  updateLoadIssueBillingKeyUIRequest,
  __INTERNAL__setPortOneSdkUrl,
  WindowType,
  TransactionType,
  IdentityVerificationErrorCode,
  isPortOneError,
  isIdentityVerificationError,
  Entity,
  errors,
};
