// Looks for a value in bytes in every dress in which it could have leaked.

const BASE64_LEAST = 6;

/** The middle of the base64 of `bytes` as it stands when `before` bytes come first: what does not depend on its neighbours. */
function base64Core(bytes, before) {
  const padded = Buffer.concat([Buffer.alloc(before), bytes]);
  const whole = padded.length - (padded.length % 3);
  const text = padded.subarray(0, whole).toString('base64');
  const firstWhole = Math.ceil((before * 8) / 6);
  // The last bytes that do not fill a group of three still determine their first characters.
  const rest = padded.subarray(whole).toString('base64').replace(/=+$/, '').slice(0, -1);
  return (text + rest).slice(firstWhole);
}

const percent = (bytes, keep, upper) =>
  [...bytes]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (keep.test(character)) return character;
      const hex = byte.toString(16).padStart(2, '0');
      return `%${upper ? hex.toUpperCase() : hex}`;
    })
    .join('');

const escaped = (text, upper, all) =>
  [...Array(text.length).keys()]
    .map((i) => {
      const unit = text.charCodeAt(i);
      if (!all && unit < 128) return text[i];
      const hex = unit.toString(16).padStart(4, '0');
      return `\\u${upper ? hex.toUpperCase() : hex}`;
    })
    .join('');

/** Every dress of `value`, by name. */
function dresses(value) {
  const bytes = Buffer.from(value, 'utf8');
  const found = new Map();
  const add = (name, pattern) => {
    const buffer = Buffer.isBuffer(pattern) ? pattern : Buffer.from(pattern, 'latin1');
    const key = buffer.toString('latin1');
    if (![...found.values()].some((other) => other.toString('latin1') === key)) found.set(name, buffer);
  };
  add('raw', bytes);
  for (const upper of [true, false]) {
    const which = upper ? 'upper' : 'lower';
    add(`percent-encoded, ${which}`, percent(bytes, /[A-Za-z0-9_.~-]/, upper));
    add(`percent-encoded whole, ${which}`, percent(bytes, /^$/, upper));
    add(`JSON escapes, ${which}`, escaped(value, upper, false));
    add(`JSON escapes whole, ${which}`, escaped(value, upper, true));
    add(`hex, ${which}`, upper ? bytes.toString('hex').toUpperCase() : bytes.toString('hex'));
  }
  const component = encodeURIComponent(value);
  add('encodeURIComponent', component);
  add('encodeURIComponent, lower', component.replace(/%../g, (hex) => hex.toLowerCase()));
  add('JSON text', JSON.stringify(value).slice(1, -1));
  add('form-encoded', new URLSearchParams([['', value]]).toString().slice(1));
  add('UTF-16LE', Buffer.from(value, 'utf16le'));
  add('UTF-16BE', Buffer.from(value, 'utf16le').swap16());
  add('a list of bytes', [...bytes].join(', '));
  add('a list of bytes, close', [...bytes].join(','));
  for (const before of [0, 1, 2]) {
    const core = base64Core(bytes, before);
    if (core.length < BASE64_LEAST) continue;
    add(`base64, ${before} before`, core);
    add(`base64url, ${before} before`, core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return found;
}

const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?/g;
/** Ids of 128 random bits, and what was measured. */
const RANDOM = /[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}|\d+\.\d+(e-\d+)?/g;

/** `text` without that in which the few digits of a short number stand by chance. */
const withoutChance = (text, short) => (short ? text.replace(TIME, '|').replace(RANDOM, '|') : text.replace(TIME, '|'));

/** Where any of `values` (by name) is found in any of `places` (bytes by name), and in what dress. */
export function search(values, places) {
  const found = [];
  for (const [place, content] of Object.entries(places)) {
    const text = content.toString('latin1');
    const [long, short] = [false, true].map((short) => Buffer.from(withoutChance(text, short), 'latin1'));
    for (const [name, value] of Object.entries(values)) {
      const bytes = /^\d{1,6}$/.test(value) ? short : long;
      for (const [dress, pattern] of dresses(value)) {
        if (bytes.includes(pattern)) found.push(`${name} in ${place}, ${dress}`);
      }
    }
  }
  return found;
}
