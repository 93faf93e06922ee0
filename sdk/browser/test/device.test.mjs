// What counts as mobile.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load } from './load.mjs';

const { isMobile } = await load('device');

const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15';
const LINUX = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36';
const ANDROID = 'Mozilla/5.0 (Linux; Android 14; SM-S928N) AppleWebKit/537.36 (KHTML, like Gecko)';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';

for (const [mobile, cases] of [
  [
    false,
    [
      ['Windows', WINDOWS, 'Win32', 0],
      ['Windows with a touch screen', WINDOWS, 'Win32', 10],
      ['an old Windows that says Tablet PC', 'Mozilla/5.0 (Windows NT 6.1; Trident/7.0; Tablet PC 2.0; rv:11.0) like Gecko', 'Win32', 0],
      ['a Mac', MAC, 'MacIntel', 0],
      ['Linux', LINUX, 'Linux x86_64', 0],
      ['Linux with a touch screen', LINUX, 'Linux x86_64', 10],
      ['a browser that tells nothing but its user agent', WINDOWS, undefined, undefined],
    ],
  ],
  [
    true,
    [
      ['an iPhone', `${IPHONE} Version/18.0 Mobile/15E148 Safari/604.1`, 'iPhone', 5],
      ['an iPad', 'Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15', 'iPad', 5],
      ['an iPad that calls itself a desktop', MAC, 'MacIntel', 5],
      ['an Android phone', `${ANDROID} Chrome/130.0.0.0 Mobile Safari/537.36`, 'Linux armv81', 5],
      ['an Android tablet', `${ANDROID} Chrome/130.0.0.0 Safari/537.36`, 'Linux armv81', 5],
      ['an Android tablet that asks for desktop pages', LINUX, 'Linux armv81', 5],
      ['a web view on Android', `${ANDROID} Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36; wv)`, 'Linux armv81', 5],
      ['a web view on iOS, which has no Safari in its name', `${IPHONE} Mobile/15E148`, 'iPhone', 5],
      ['KakaoTalk', `${ANDROID} Chrome/130.0.0.0 Mobile Safari/537.36 KAKAOTALK 10.4.5`, 'Linux armv81', 5],
      ['Naver', `${IPHONE} Mobile/15E148 NAVER(inapp; search; 1200; 12.0.0)`, 'iPhone', 5],
    ],
  ],
]) {
  describe(mobile ? 'mobile' : 'PC', () => {
    for (const [what, userAgent, platform, maxTouchPoints] of cases) {
      test(what, () => assert.equal(isMobile({ userAgent, platform, maxTouchPoints }), mobile));
    }
  });
}

test('a browser that says itself that it is mobile is believed', () => {
  assert.equal(isMobile({ userAgent: LINUX, userAgentData: { mobile: true } }), true);
  assert.equal(isMobile({ userAgent: LINUX, userAgentData: { mobile: false } }), false);
});
