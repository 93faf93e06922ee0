// A merchant of KCP's window: registers, asks who verified, and takes the person's browser back. By KCP's protocol, not by our types.

import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const ROUNDS = 10_000;

export class Merchant {
  constructor(address, { siteCd, encKey }) {
    this.address = address;
    this.siteCd = siteCd;
    this.encKey = encKey;
  }

  #keys(salt) {
    const derive = (secret) => pbkdf2Sync(secret, salt, ROUNDS, 32, 'sha256');
    return ['aes-256-cbc', derive(this.encKey), derive(this.siteCd).subarray(0, 16)];
  }

  encrypt(value, salt = randomBytes(16)) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const cipher = createCipheriv(...this.#keys(salt));
    const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return { data: data.toString('base64'), rv: salt.toString('base64') };
  }

  decrypt(data, rv) {
    const decipher = createDecipheriv(...this.#keys(Buffer.from(rv, 'base64')));
    return JSON.parse(Buffer.concat([decipher.update(data, 'base64'), decipher.final()]).toString('utf8'));
  }

  async post(path, body, headers) {
    const response = await fetch(new URL(path, this.address), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal: AbortSignal.timeout(15_000),
    });
    if (response.status !== 200) throw new Error(`${path} → ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Registers; `fields` over a registration that is right. */
  register(fields = {}) {
    const { data, rv } = this.encrypt({
      site_cd: this.siteCd,
      ordr_idxx: `JS${randomBytes(10).toString('hex')}`,
      Ret_URL: 'http://127.0.0.1/return',
      web_siteid: '',
      param_opt_1: '',
      param_opt_2: '',
      param_opt_3: '',
      ...fields,
    });
    return this.post('/api/reg/certDataReg.do', data, { site_cd: this.siteCd, rv });
  }

  /** The answer, and where it succeeded what it holds as `decrypted`. */
  async query(regCertKey, ordrIdxx) {
    const body = JSON.stringify({ reg_cert_key: regCertKey, ordr_idxx: ordrIdxx });
    const answer = await this.post('/api/query/getCertData.do', body, { site_cd: this.siteCd });
    if (answer.res_cd === '0000') answer.decrypted = this.decrypt(answer.enc_cert_data, answer.rv);
    return answer;
  }
}

/** The merchant's web server: a page that opens the window, and the return address. `answer` answers what is posted back. */
export async function startShop(answer = (_request, response) => response.end('back')) {
  const shop = { posts: [], opening: undefined };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => (body += text));
    request.on('end', () => {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      if (request.method === 'POST') {
        shop.posts.push({
          path: request.url,
          origin: request.headers.origin,
          referer: request.headers.referer,
          fields: Object.fromEntries(new URLSearchParams(body)),
        });
        answer(request, response);
      } else if (request.url.startsWith('/open') && shop.opening) {
        const { call_url: address, reg_cert_key: key } = shop.opening;
        response.end(
          `<!doctype html><html lang="ko"><title>가게</title><form method="post" action="${address}">
           <input type="hidden" name="reg_cert_key" value="${key}">
           <input type="hidden" name="kcp_page_submit_yn" value="Y"><button>본인확인</button></form></html>`,
        );
      } else if (request.url.startsWith('/frame')) {
        response.end('<!doctype html><html lang="ko"><title>가게</title><iframe title="본인확인" src="/open" width="400" height="700"></iframe></html>');
      } else {
        response.end('<!doctype html><html lang="ko"><title>가게</title><p>가게</p></html>');
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref(); // a test that fails before it stops its shop must still come to an end
  shop.address = `http://127.0.0.1:${server.address().port}`;
  shop.stop = () => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  });
  return shop;
}
