// Compiled, never run: what we publish is what we build, and code written for the official SDK compiles against it.

import type * as Official from '@portone/browser-sdk/v2';
import PortOne, { requestIdentityVerification, type IdentityVerificationResponse } from '../dist/browser-sdk';
import * as classic from '../src/portone';
import type * as Published from '../src/browser-sdk';

/** The source builds at least what the types promise. */
export const built: Omit<typeof Published, 'default'> = classic;

/** The npm loader takes our object for the official one. */
export const official: NonNullable<Window['PortOne']> = PortOne;

/** A request that the official types let through, with a channel key, is one for ours. */
export const ask = (request: Official.IdentityVerificationRequest & { channelKey: string }): Promise<IdentityVerificationResponse> =>
  requestIdentityVerification(request as Published.IdentityVerificationRequest);

/** Ours answers what the official one answers. */
export const answer = (response: IdentityVerificationResponse): Official.IdentityVerificationResponse => response;

export async function use(): Promise<string> {
  const response = await PortOne.requestIdentityVerification({
    storeId: 'store',
    identityVerificationId: 'id',
    channelKey: 'channel',
    windowType: { pc: 'POPUP', mobile: PortOne.Entity.WindowType.REDIRECTION },
    redirectUrl: 'https://shop.example/verified',
    bypass: { kcpV2: { web_siteid: 'J00000000000' } },
  });
  // @ts-expect-error a channel key is needed
  void PortOne.requestIdentityVerification({ storeId: 'store', identityVerificationId: 'id' });
  // @ts-expect-error no such type of window
  void PortOne.requestIdentityVerification({ storeId: 's', identityVerificationId: 'i', channelKey: 'c', windowType: { pc: 'TAB' } });
  return response.code === PortOne.IdentityVerificationErrorCode.Cancelled ? response.identityVerificationTxId : 'done';
}
