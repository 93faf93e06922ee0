import { PortOneClient } from '@portone/server-sdk';

const { API_SECRET, CHANNEL_KEY, BONIN_URL } = process.env;
const portone = PortOneClient({ secret: API_SECRET, baseUrl: BONIN_URL });

export async function complete(identityVerificationId) {
  const verification = await portone.identityVerification.getIdentityVerification({ identityVerificationId });
  if (verification.status !== 'VERIFIED') throw new Error('본인인증을 마치지 않았습니다.');
  if (verification.channel?.key !== CHANNEL_KEY) throw new Error('다른 채널로 한 본인인증입니다.');

  const { birthDate, di } = verification.verifiedCustomer;
  // 청소년 보호법: 만 19세가 되는 해의 1월 1일부터 성인. 날짜는 한국 시각으로 셉니다.
  const year = new Intl.DateTimeFormat('en', { timeZone: 'Asia/Seoul', year: 'numeric' }).format(new Date());
  return { isAdult: Number(year) - Number(birthDate.slice(0, 4)) >= 19, di };
}
