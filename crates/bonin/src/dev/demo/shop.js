// The counter: starts the verification and tells what came of it.

import { verifyCustomer, verifyReturned } from './verify.js';

const order = document.querySelector('#order');
const button = order.querySelector('button');
const result = document.querySelector('#result');

const OPERATORS = {
  SKT: 'SKT',
  KT: 'KT',
  LGU: 'LG U+',
  SKT_MVNO: 'SKT 알뜰폰',
  KT_MVNO: 'KT 알뜰폰',
  LGU_MVNO: 'LG U+ 알뜰폰',
};

const AGAIN = '잠시 뒤 다시 시도해 주세요.';

/** What to do about each code; what is not named here is tried again. */
const ADVICE = {
  Cancelled: '인증 창이 닫혔습니다. 준비되면 아래 버튼으로 다시 시작해 주세요.',
  FailedPrecondition: '브라우저의 팝업 차단을 풀거나, 다른 창 유형을 골라 주세요.',
  DeadlineExceeded: '시간이 지나 인증이 끝났습니다. 처음부터 다시 시도해 주세요.',
  Unavailable: '게이트웨이(bonin dev)가 돌고 있는지, 연결이 되는지 확인해 주세요.',
  ResourceExhausted: '요청이 너무 잦습니다. 잠시 뒤 다시 시도해 주세요.',
  PermissionDenied: '이 페이지의 주소가 상점에 등록되어 있는지 확인해 주세요.',
  ChannelNotFound: '채널 키가 맞는지, 표준창을 쓸 수 있는 채널인지 확인해 주세요.',
  StoreNotFound: '상점 아이디를 확인해 주세요.',
  NOT_VERIFIED: '인증 창에서 인증을 끝까지 마친 뒤 다시 시도해 주세요.',
  NOT_FOUND: '주소가 온전한지 확인하고, 아래 버튼으로 새로 시작해 주세요.',
};

/** KCP's own codes that say more. */
const PG_ADVICE = {
  9999: '인증 창에서 취소하셨습니다. 원하시면 아래 버튼으로 다시 시작해 주세요.',
  CS24: 'KCP 가맹점 설정이 빠져 있습니다. KCP 파트너 관리자의 인증결과 URL 설정에 게이트웨이의 호스트를 등록해 주세요.',
};

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function facts(pairs) {
  const list = element('dl');
  for (const [name, value] of pairs) {
    if (value === undefined || value === null || value === '') continue;
    const pair = element('div');
    pair.append(element('dt', name), element('dd', value));
    list.append(pair);
  }
  return list;
}

function show(state, title, ...rest) {
  const heading = element('h2', title);
  heading.tabIndex = -1;
  result.dataset.state = state;
  result.replaceChildren(heading, ...rest);
  result.hidden = false;
  return heading;
}

function showWelcome({ isAdult, visits, customer }) {
  button.textContent = '다른 사람으로 다시 인증하기';
  const { name, phoneNumber, birthDate, age, gender, operator, isForeigner, di, ci } = customer;
  return show(
    isAdult ? 'welcome' : 'young',
    isAdult ? '성인임을 확인했습니다. 주문할 수 있습니다.' : '아직 주문할 수 없습니다.',
    element('p', visits > 1 ? `다시 오셨군요. 이 상점에서 ${visits}번째 인증입니다.` : '처음 오신 손님입니다.', 'visits'),
    facts([
      ['이름', name],
      ['휴대폰', phoneNumber],
      ['생년월일', birthDate],
      ['나이', `만 ${age}세`],
      ['성별', { MALE: '남성', FEMALE: '여성' }[gender] ?? gender],
      ['국적', { true: '외국인', false: '내국인' }[isForeigner]],
      ['통신사', OPERATORS[operator] ?? operator],
      ['DI (이 상점에서)', di],
      ['CI (어디서나)', ci ?? '없음 (가맹점 계약에 따라 제공)'],
    ]),
    element(
      'p',
      '청소년 보호법에 따라 만 19세가 되는 해의 1월 1일부터 성인으로 봅니다(연 나이). 날짜는 한국 시각으로 셉니다.',
      'fine',
    ),
  );
}

function showFailure({ code, message, pgCode, pgMessage }) {
  button.textContent = '다시 본인인증하기';
  return show(
    'failed',
    '본인인증을 마치지 못했습니다',
    element('p', message),
    element('p', PG_ADVICE[pgCode] ?? ADVICE[code] ?? AGAIN, 'advice'),
    facts([
      ['code', code],
      ['pgCode', pgCode],
      ['pgMessage', pgMessage],
    ]),
  );
}

let latest = 0;

/** Shows what comes of it, unless something newer was started meanwhile. */
async function conclude(verifying) {
  const mine = (latest += 1);
  let outcome;
  try {
    outcome = await verifying;
  } catch (error) {
    outcome = { failure: { code: 'Unavailable', message: '상점 서버에 연결할 수 없습니다.' } };
    if (!(error instanceof TypeError)) outcome.failure = { code: 'Error', message: error.message };
  }
  if (mine !== latest) return;
  const heading = outcome.welcome ? showWelcome(outcome.welcome) : showFailure(outcome.failure);
  heading.focus();
}

order.addEventListener('submit', (event) => {
  event.preventDefault();
  const windowType = new FormData(order).get('windowType') || undefined;
  // Before anything is awaited: only inside the click may a popup open.
  const verifying = verifyCustomer({ ...order.dataset, windowType });
  show('waiting', '인증 창에서 본인인증을 마쳐 주세요', element('p', '마치면 이 자리에 결과가 나타납니다.'));
  conclude(verifying);
});

if (location.pathname === '/demo/return') {
  if (new URLSearchParams(location.search).has('identityVerificationId')) {
    show('waiting', '결과를 확인하고 있습니다');
    conclude(verifyReturned(location.search));
  } else {
    show('failed', '돌아온 본인인증 결과가 없습니다', element('p', '아래 버튼으로 본인인증을 시작해 주세요.'));
  }
}
