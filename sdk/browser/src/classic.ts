// /v2/browser-sdk.js: a classic script that sets `window.PortOne`.

import { setScriptUrl } from './gateway';
import { PortOne } from './portone';

const own = document.currentScript as HTMLScriptElement | null;
if (own?.src) setScriptUrl(own.src);
(window as unknown as { PortOne: typeof PortOne }).PortOne = PortOne;
