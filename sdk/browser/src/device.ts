// Which of `windowType.pc` and `.mobile` holds.

/** What is read of the browser. */
export interface Device {
  readonly userAgent: string;
  readonly platform?: string;
  readonly maxTouchPoints?: number;
  readonly userAgentData?: { readonly mobile?: boolean };
}

// Phones, tablets, and the web views of apps, where `window.open` gives nothing. "Tablet PC" is Windows.
const MOBILE =
  /Android|iP(hone|ad|od)|Mobile|Tablet(?! PC)|Silk|Kindle|PlayBook|BlackBerry|BB10|Opera Mini|; wv\)|KAKAOTALK|NAVER\(inapp|\bLine\/|FBA[NV]|Instagram/i;

export function isMobile({ userAgent, platform, maxTouchPoints, userAgentData }: Device): boolean {
  if (userAgentData?.mobile || MOBILE.test(userAgent)) return true;
  // An iPad calls itself a Macintosh, and a large Android tablet asks for desktop pages. No Mac has a touch screen.
  return (maxTouchPoints || 0) > 1 && /^(MacIntel$|Linux (arm|aarch))/.test(platform || '');
}
