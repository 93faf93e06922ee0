// The popup.

import type { Stage } from './stage';

const WIDTH = 480;
const HEIGHT = 720;

/** Opens an empty popup. `undefined` where the browser lets none through. Only inside a click do blockers allow it. */
export function openPopup(center: boolean): Stage | undefined {
  // A page without an origin of its own (`Origin: null`) could not be told the result.
  if (self.origin === 'null') return undefined;

  let features = `popup,width=${WIDTH},height=${HEIGHT}`;
  if (center) {
    const left = screenX + Math.max(0, (outerWidth - WIDTH) / 2);
    const top = screenY + Math.max(0, (outerHeight - HEIGHT) / 2);
    features += `,left=${Math.round(left)},top=${Math.round(top)}`;
  }
  let popup: Window | null = null;
  try {
    // A name of its own: a window left over from an earlier try is not taken for this one.
    popup = open('', `bonin-${Date.now()}`, features);
  } catch {
    // Some web views throw.
  }
  // A web view that knows one window only gives the page itself.
  if (!popup || popup.closed || popup === self || popup === top) return undefined;
  const opened = popup;
  try {
    opened.document.title = '본인인증';
    opened.document.body.textContent = '본인인증 창을 여는 중입니다…';
    opened.focus();
  } catch {
    // The person sees an empty window for a moment.
  }
  return {
    source: () => opened,
    go: (url) => {
      opened.location.replace(url);
    },
    // A page that cuts itself off from its popups (`Cross-Origin-Opener-Policy`) sees them closed while the person is still busy in
    // them: but then the focus is there. In a frame the focus may be elsewhere in any case.
    closed: () => opened.closed && (self !== top || document.hasFocus()),
    close: () => opened.close(),
  };
}
