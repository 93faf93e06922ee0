// <script src="/v2/browser-sdk.js"></script> 가 window.PortOne을 만듭니다.

export async function verifyCustomer({ storeId, channelKey, windowType }) {
  const result = await PortOne.requestIdentityVerification({
    storeId,
    channelKey,
    // 건마다 새로 만드는 아이디. KCP 채널은 영문과 숫자만 받습니다.
    identityVerificationId: newId(),
    // 없으면 PC는 팝업, 모바일은 리디렉션입니다.
    windowType: windowType && { pc: windowType, mobile: windowType },
    // 리디렉션이면 결과가 이 주소의 쿼리로 돌아옵니다.
    redirectUrl: `${location.origin}/demo/return`,
    popup: { center: true },
  });
  return conclude(result);
}

// 리디렉션으로 돌아왔을 때: 쿼리의 이름이 위의 result와 같습니다.
export function verifyReturned(query) {
  return conclude(Object.fromEntries(new URLSearchParams(query)));
}

async function conclude({ identityVerificationId, code, message, pgCode, pgMessage }) {
  // code는 실패했을 때에만 있습니다.
  if (code !== undefined) return { failure: { code, message, pgCode, pgMessage } };
  // 성공은 브라우저가 정하지 않습니다. 서버가 게이트웨이에 물어 확인합니다.
  const response = await fetch('/demo/complete', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ identityVerificationId }),
  });
  const answer = await response.json();
  return response.ok ? { welcome: answer } : { failure: answer };
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return 'demo' + Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
