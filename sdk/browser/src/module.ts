// /v2/browser-sdk.mjs: the same as an ES module.

import { setScriptUrl } from './gateway';

setScriptUrl(import.meta.url);

export {
  __INTERNAL__setPortOneSdkUrl,
  Entity,
  errors,
  IdentityVerificationErrorCode,
  isIdentityVerificationError,
  isPortOneError,
  loadIssueBillingKeyUI,
  loadPaymentUI,
  PortOne as default,
  requestIdentityVerification,
  requestIssueBillingKey,
  requestIssueBillingKeyAndPay,
  requestPayment,
  TransactionType,
  updateLoadIssueBillingKeyUIRequest,
  updateLoadPaymentUIRequest,
  WindowType,
} from './portone';
