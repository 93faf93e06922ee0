// The window inside the page: a modal dialog over it.

import type { Stage } from './stage';

function styled<K extends keyof HTMLElementTagNameMap>(name: K, css: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  // Through the CSSOM, which a page's Content-Security-Policy does not forbid; `all` keeps the page's own style away.
  element.style.cssText = 'all:initial;font-family:sans-serif;' + css;
  return element;
}

function label(element: HTMLElement, text: string): void {
  element.setAttribute('aria-label', text);
}

const CLASS = 'bonin-frame';
let undimmed = false;

/** Takes away the browser's own dimming, which only a style sheet can; one made by a script is not held against the page's policy. */
function undim(): void {
  if (undimmed) return;
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`.${CLASS}::backdrop{background:none}`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    undimmed = true;
  } catch {
    // An older browser dims a little.
  }
}

export function openFrame(dim: boolean, onClose: () => void): Stage | undefined {
  // The result could not be told to a page without an origin, and nobody but the noted origin may frame the window.
  if (self.origin === 'null') return undefined;

  const dialog = styled(
    'dialog',
    'display:flex;position:fixed;top:0;left:0;width:100%;height:100%;z-index:2147483647' +
      (dim ? ';background:rgba(0,0,0,.6)' : ''),
  );
  label(dialog, '본인인증');
  dialog.className = CLASS;
  undim();
  const box = styled(
    'div',
    'margin:auto;display:flex;flex-direction:column;width:100%;height:100%;max-width:480px;max-height:760px;background:#fff;' +
      'border-radius:8px;overflow:hidden;box-shadow:0 8px 40px rgba(0,0,0,.35)',
  );
  const button = styled('button', 'align-self:flex-end;width:48px;height:48px;text-align:center;font-size:24px;cursor:pointer');
  button.type = 'button';
  label(button, '본인인증 창 닫기');
  button.textContent = '×';
  // `all:initial` took the browser's own ring.
  button.onfocus = () => (button.style.outline = '2px solid #15c');
  button.onblur = () => (button.style.outline = '');
  const frame = styled('iframe', 'flex:1;width:100%');
  label(frame, '본인인증');
  box.append(button, frame);
  dialog.append(box);

  let closed = false;
  const closedByHand = () => {
    if (closed) return;
    closed = true;
    onClose();
  };
  button.onclick = closedByHand;
  dialog.oncancel = (event) => {
    event.preventDefault();
    closedByHand();
  };
  // Chromium closes without asking at a second Esc.
  dialog.onclose = closedByHand;

  const page = document.documentElement;
  const { overflow } = page.style;
  const before = document.activeElement;
  page.style.overflow = 'hidden';
  (document.body || page).append(dialog);
  // Modal: focus stays inside and the page is inert. A browser without it gets Esc and the focus at least.
  if (dialog.showModal) dialog.showModal();
  else dialog.onkeydown = (event) => event.key === 'Escape' && closedByHand();
  button.focus();

  return {
    source: () => frame.contentWindow,
    go: (url) => {
      frame.src = url;
      frame.focus();
    },
    closed: () => closed,
    close: () => {
      closed = true;
      if (!dialog.isConnected) return;
      dialog.remove();
      page.style.overflow = overflow;
      if (before instanceof HTMLElement) before.focus();
    },
  };
}
