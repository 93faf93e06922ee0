// A person in KCP's window without a browser: reads each page's forms and posts one of them. For where many go through it at once.

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#39': "'" };

const plain = (text) => text.replaceAll(/&([a-z]+|#39);/g, (whole, name) => ENTITIES[name] ?? whole);

function attributes(tag) {
  const found = tag.matchAll(/([a-z-]+)(?:="([^"]*)")?/g);
  return Object.fromEntries([...found].map(([, name, value]) => [name, plain(value ?? '')]));
}

/** Every form of a page: where it goes, what it sends by itself, and the names it knows. */
export function formsOf(page) {
  return [...page.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)].map(([, tag, inside]) => {
    const form = { action: attributes(tag).action, fields: {}, names: new Set() };
    for (const [, input] of inside.matchAll(/<(?:input|button)([^>]*)>/g)) {
      const { name, value = '', type, checked } = attributes(input);
      if (!name) continue;
      form.names.add(name);
      if (type === 'hidden' || (type !== 'checkbox' && type !== 'radio' && type !== 'submit') || checked !== undefined) {
        form.fields[name] = value;
      }
    }
    return form;
  });
}

/** The form of this page whose address ends so. */
function formTo(page, ending) {
  const form = formsOf(page).find(({ action }) => action?.split('?')[0].endsWith(ending));
  if (!form) throw new Error(`no form to ${ending} in ${page.slice(-1500)}`);
  return form;
}

/** What KCP calls the operators whose customers walk here. */
const COMM_ID = { SKT: 'SKT', KT: 'KTF', LGU: 'LGT' };

async function send(url, fields) {
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams(fields),
    signal: AbortSignal.timeout(20_000),
  });
  return { url: response.url, page: await response.text() };
}

/**
 * Goes from the page of departure through the sandbox's window by SMS. Gives what the browser would post back to the gateway:
 * `{url, fields}`.
 */
export async function walkThrough(departure, sandbox, person, operator = 'KT') {
  const go = formsOf(departure)[0];
  let at = await send(go.action, go.fields);
  const submit = async (ending, fields = {}) => {
    const form = formTo(at.page, ending);
    at = await send(new URL(form.action, at.url), { ...form.fields, ...fields });
  };
  await submit('/operator', { operator: COMM_ID[operator] });
  await submit('/terms', Object.fromEntries([...formTo(at.page, '/terms').names].map((name) => [name, 'Y'])));
  await submit('/method', { method: 'SMS' });
  await submit('/person', {
    name: person.name,
    phone: person.phone,
    birth: person.identityNumber.slice(0, 6),
    digit: person.identityNumber.slice(6),
  });
  await submit('/number', { otp: await sandbox.otp(person.phone) });
  const back = formsOf(at.page).find(({ action }) => action?.includes('/return/'));
  if (!back) throw new Error(`the window does not lead back: ${at.page.slice(-1500)}`);
  return { url: back.action, fields: back.fields };
}
