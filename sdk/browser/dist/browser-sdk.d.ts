// The types of Bonin's browser SDK. The shapes are those of PortOne V2's `requestIdentityVerification`.

/** How the window is shown. */
export declare const WindowType: {
  readonly IFRAME: 'IFRAME';
  readonly POPUP: 'POPUP';
  readonly REDIRECTION: 'REDIRECTION';
  /** Known to PortOne, but not for an identity verification: asking for it rejects. */
  readonly UI: 'UI';
};
export type WindowType = (typeof WindowType)[keyof typeof WindowType];

export declare const TransactionType: {
  readonly PAYMENT: 'PAYMENT';
  readonly ISSUE_BILLING_KEY: 'ISSUE_BILLING_KEY';
  readonly IDENTITY_VERIFICATION: 'IDENTITY_VERIFICATION';
  readonly ISSUE_BILLING_KEY_AND_PAY: 'ISSUE_BILLING_KEY_AND_PAY';
};
export type TransactionType = (typeof TransactionType)[keyof typeof TransactionType];

/** The codes with which an identity verification ends where it was not successful. */
export declare const IdentityVerificationErrorCode: {
  /** `identityVerificationId` or `bypass` is against KCP's rules. */
  readonly RequestParseFailed: 'RequestParseFailed';
  readonly StoreNotFound: 'StoreNotFound';
  /** No channel of this store, or one without credentials for the window. */
  readonly ChannelNotFound: 'ChannelNotFound';
  /** The same id is being verified by the REST API. */
  readonly InvalidEntityState: 'InvalidEntityState';
  readonly IdentityVerificationAlreadyVerified: 'IdentityVerificationAlreadyVerified';
  /** KCP refused or failed, or the person cancelled in the window (`pgCode` 9999). */
  readonly PGProviderError: 'PGProviderError';
  /** The window was closed by hand, or a newer call took its place. */
  readonly Cancelled: 'Cancelled';
  /** The popup was blocked and there is no `redirectUrl`. */
  readonly FailedPrecondition: 'FailedPrecondition';
  /** The page's origin or the redirect target is not allowed, or a TEST channel on a LIVE store. */
  readonly PermissionDenied: 'PermissionDenied';
  readonly ResourceExhausted: 'ResourceExhausted';
  readonly DeadlineExceeded: 'DeadlineExceeded';
  /** No network, or the gateway or its result cannot be reached. */
  readonly Unavailable: 'Unavailable';
  readonly Internal: 'Internal';
};
export type IdentityVerificationErrorCode =
  (typeof IdentityVerificationErrorCode)[keyof typeof IdentityVerificationErrorCode];

export interface WindowTypes {
  /** On a PC: `POPUP` if left out. */
  pc?: WindowType | undefined;
  /** On phones, tablets and in an app's web view: `REDIRECTION` if left out. */
  mobile?: WindowType | undefined;
}

export interface Customer {
  customerId?: string | undefined;
  fullName?: string | undefined;
  firstName?: string | undefined;
  lastName?: string | undefined;
  phoneNumber?: string | undefined;
  email?: string | undefined;
  birthYear?: string | undefined;
  birthMonth?: string | undefined;
  birthDay?: string | undefined;
  gender?: 'MALE' | 'FEMALE' | 'OTHER' | undefined;
  [field: string]: unknown;
}

export interface KcpV2IdentityVerificationBypass {
  /** The site whose DI is wanted. */
  web_siteid?: string | undefined;
}

export interface IdentityVerificationBypass {
  kcpV2?: KcpV2IdentityVerificationBypass | undefined;
  /** As PortOne's guide writes it: the same as `kcpV2`. */
  kcp_v2?: KcpV2IdentityVerificationBypass | undefined;
  [provider: string]: unknown;
}

export interface Popup {
  /** `true`: in the middle of the browser's window. */
  center?: boolean | undefined;
}

export interface Iframe {
  /** `false`: what is behind the window is not dimmed. */
  dim?: boolean | undefined;
}

export interface IdentityVerificationRequest {
  storeId: string;
  /** Latin letters and digits, 70 at most. */
  identityVerificationId: string;
  /** PortOne's description says optional; a verification with KCP needs it. */
  channelKey: string;
  customer?: Customer | undefined;
  windowType?: WindowTypes | undefined;
  /** An absolute http(s) address, or one with an app's own scheme such as `myapp://verified`. Needed for REDIRECTION. */
  redirectUrl?: string | undefined;
  /** End at `redirectUrl` even where the promise could have been resolved. Without `redirectUrl` it means nothing. */
  forceRedirect?: boolean | undefined;
  customData?: string | undefined;
  bypass?: IdentityVerificationBypass | undefined;
  popup?: Popup | undefined;
  iframe?: Iframe | undefined;
}

export interface IdentityVerificationResponse {
  transactionType: 'IDENTITY_VERIFICATION';
  identityVerificationId: string;
  /** The id of this try; empty where none was begun. */
  identityVerificationTxId: string;
  /** There only where the verification was not successful: one of `IdentityVerificationErrorCode`. */
  code?: string | undefined;
  /** There with `code`, in Korean. */
  message?: string | undefined;
  /** KCP's code, as it came. */
  pgCode?: string | undefined;
  /** KCP's message, as it came. */
  pgMessage?: string | undefined;
}

/**
 * Opens KCP's window and tells how it ended.
 *
 * Resolves on every ending, with a `code` where the person was not verified. Rejects only where the call is wrong in itself (an
 * argument missing or of the wrong type), with an `Error` that names the argument. With REDIRECTION the page is left: the result is in the query of `redirectUrl`.
 *
 * The result comes by way of the person's browser. Ask the REST API on your server before you believe it.
 */
export declare function requestIdentityVerification(
  request: IdentityVerificationRequest,
): Promise<IdentityVerificationResponse>;

/** Bonin does identity verification only: rejects. */
export declare function requestPayment(...request: unknown[]): Promise<never>;
/** Bonin does identity verification only: rejects. */
export declare function requestIssueBillingKey(...request: unknown[]): Promise<never>;
/** Bonin does identity verification only: rejects. */
export declare function requestIssueBillingKeyAndPay(...request: unknown[]): Promise<never>;
/** Bonin does identity verification only: rejects. */
export declare function loadPaymentUI(...request: unknown[]): Promise<never>;
/** Bonin does identity verification only: rejects. */
export declare function loadIssueBillingKeyUI(...request: unknown[]): Promise<never>;
/** Bonin does identity verification only: rejects. */
export declare function updateLoadPaymentUIRequest(...request: unknown[]): Promise<never>;
/** Bonin does identity verification only: rejects. */
export declare function updateLoadIssueBillingKeyUIRequest(...request: unknown[]): Promise<never>;

/**
 * Says where the gateway's script is (`https://…/v2/browser-sdk.js`), for a copy of this file that was bundled or moved. The name is
 * that of the official npm loader.
 */
export declare function __INTERNAL__setPortOneSdkUrl(url: string): string;

export interface PortOneError extends Error {
  __portOneErrorType: string;
}
/** For code written for the official SDK; Bonin resolves with `code` and throws none of these. */
export declare function isPortOneError(error: unknown): error is PortOneError;
/** For code written for the official SDK; Bonin resolves with `code` and throws none of these. */
export declare function isIdentityVerificationError(error: unknown): error is PortOneError;

export declare const Entity: {
  readonly WindowType: typeof WindowType;
  readonly TransactionType: typeof TransactionType;
};

export declare const errors: {
  readonly IdentityVerificationErrorCode: typeof IdentityVerificationErrorCode;
  readonly isPortOneError: typeof isPortOneError;
  readonly isIdentityVerificationError: typeof isIdentityVerificationError;
};

declare const PortOne: {
  requestIdentityVerification: typeof requestIdentityVerification;
  requestPayment: typeof requestPayment;
  requestIssueBillingKey: typeof requestIssueBillingKey;
  requestIssueBillingKeyAndPay: typeof requestIssueBillingKeyAndPay;
  loadPaymentUI: typeof loadPaymentUI;
  loadIssueBillingKeyUI: typeof loadIssueBillingKeyUI;
  updateLoadPaymentUIRequest: typeof updateLoadPaymentUIRequest;
  updateLoadIssueBillingKeyUIRequest: typeof updateLoadIssueBillingKeyUIRequest;
  __INTERNAL__setPortOneSdkUrl: typeof __INTERNAL__setPortOneSdkUrl;
  WindowType: typeof WindowType;
  TransactionType: typeof TransactionType;
  IdentityVerificationErrorCode: typeof IdentityVerificationErrorCode;
  isPortOneError: typeof isPortOneError;
  isIdentityVerificationError: typeof isIdentityVerificationError;
  Entity: typeof Entity;
  errors: typeof errors;
};
export default PortOne;

/** What the classic script sets: `window.PortOne`. */
export as namespace PortOne;
