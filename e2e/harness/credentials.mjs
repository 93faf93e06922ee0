// Credentials that are wrong in every way that there is, made with the `openssl` program.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { selfSigned } from './certificate.mjs';
import { succeed } from './command.mjs';
import { removeFolder, temporaryFolder } from './program.mjs';

const PASSWORD = 'changeit-wrong';

/** A moment as `openssl ca` wants it, so many days from now. */
export function day(days) {
  const at = new Date(Date.now() + days * 86_400_000).toISOString();
  return `${at.slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
}

/** A key and a self-signed certificate of it, with the key encrypted as `encryption` says. */
async function pair({ key = ['rsa:2048'], encryption = ['-v2', 'aes-256-cbc'] } = {}) {
  const cwd = await temporaryFolder();
  const openssl = (...args) => succeed('openssl', args, { cwd });
  try {
    await openssl(
      ...['req', '-x509', '-newkey', ...key, '-nodes', '-keyout', 'plain.pem', '-out', 'certificate.pem'],
      ...['-days', '100', '-subj', '/CN=T0001'],
    );
    await openssl(
      ...['pkcs8', '-topk8', ...encryption, '-in', 'plain.pem', '-out', 'key.pem', '-passout', `pass:${PASSWORD}`],
    );
    const read = (file) => readFile(join(cwd, file), 'utf8');
    return {
      certificate: await read('certificate.pem'),
      privateKey: await read('key.pem'),
      privateKeyPassword: PASSWORD,
      plain: await read('plain.pem'),
    };
  } finally {
    await removeFolder(cwd);
  }
}

/** The same key under another encryption. */
async function encryptedAgain(plain, encryption) {
  const cwd = await temporaryFolder();
  try {
    await writeFile(join(cwd, 'plain.pem'), plain);
    const args = ['pkcs8', '-topk8', ...encryption, '-in', 'plain.pem', '-out', 'key.pem', '-passout', `pass:${PASSWORD}`];
    await succeed('openssl', args, { cwd });
    return await readFile(join(cwd, 'key.pem'), 'utf8');
  } finally {
    await removeFolder(cwd);
  }
}

async function signed(siteCd, from, until) {
  const made = await selfSigned(siteCd, { from: day(from), until: day(until) });
  return {
    certificate: made.certificatePem,
    privateKey: made.privateKeyPem,
    privateKeyPassword: made.privateKeyPassword,
  };
}

/**
 * Every kind of wrong credentials: what is entered (`kind` is TEST unless it says otherwise), and for each field that is wrong what
 * its message tells.
 */
export async function wrongCredentials() {
  const good = await pair();
  const { certificate, privateKey, privateKeyPassword } = good;
  const [other, small, elliptic, expired, early] = await Promise.all([
    pair(),
    pair({ key: ['rsa:1024'] }),
    pair({ key: ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] }),
    signed('T0001', -20, -10),
    signed('T0001', 10, 20),
  ]);
  const hub = { siteCd: 'T0001', certificate, privateKey, privateKeyPassword };
  const window = { siteCd: 'T0001', encKey: 'a'.repeat(64) };
  return [
    ['no site code', { ...window, siteCd: '' }, { siteCd: /필수 항목/ }],
    ['a site code with a blank', { ...window, siteCd: 'T 001' }, { siteCd: /영문·숫자 사이트 코드/ }],
    ['KCP’s public test merchant as LIVE', { ...window, siteCd: 'AO7F3', kind: 'LIVE' }, { siteCd: /공개 테스트 가맹점/ }],
    ['no certificate', { ...hub, certificate: '' }, { certificate: /인증서도 필요합니다/ }],
    ['a certificate that is no PEM', { ...hub, certificate: '인증서' }, { certificate: /PEM 형식이 아닙니다/ }],
    ['the key in the certificate’s place', { ...hub, certificate: privateKey }, { certificate: /인증서 자리에 개인키/ }],
    [
      'a damaged certificate',
      { ...hub, certificate: certificate.replace('MII', 'AII') },
      { certificate: /인증서 내용을 읽을 수 없습니다/ },
    ],
    ['a certificate of a small RSA key', { ...hub, certificate: small.certificate, privateKey: small.privateKey }, { certificate: /RSA 2048비트 이상이 아닙니다/, privateKey: /RSA 2048비트 이상의 키가 아닙니다/ }],
    ['a certificate of another kind of key', { ...hub, certificate: elliptic.certificate }, { certificate: /RSA 2048비트 이상이 아닙니다/ }],
    ['an expired certificate', { ...hub, ...expired }, { certificate: /만료되었습니다.*새 인증서/ }],
    ['a certificate of the future', { ...hub, ...early }, { certificate: /아직 유효하지 않습니다/ }],
    ['no key', { ...hub, privateKey: '' }, { privateKey: /개인키도 필요합니다/ }],
    ['a key that is no PEM', { ...hub, privateKey: '개인키' }, { privateKey: /PEM 형식의 PKCS#8 파일이 아닙니다/ }],
    ['the certificate in the key’s place', { ...hub, privateKey: certificate }, { privateKey: /개인키 자리에 인증서/ }],
    ['a damaged key', { ...hub, privateKey: privateKey.replace('MII', 'AII') }, { privateKey: /PEM 형식의 PKCS#8 파일이 아닙니다/ }],
    ['a key without encryption', { ...hub, privateKey: good.plain }, { privateKey: /암호화되어 있지 않습니다/ }],
    [
      'a key under an old encryption',
      { ...hub, privateKey: await encryptedAgain(good.plain, ['-v1', 'PBE-SHA1-3DES']) },
      { privateKey: /암호화 방식을 지원하지 않습니다/ },
    ],
    [
      'a key that asks for endless work',
      { ...hub, privateKey: await encryptedAgain(good.plain, ['-v2', 'aes-256-cbc', '-iter', '2000001']) },
      { privateKey: /반복 횟수가 지나치게 큽니다/ },
    ],
    ['a key of another kind', { ...hub, privateKey: elliptic.privateKey }, { privateKey: /RSA 2048비트 이상의 키가 아닙니다/ }],
    ['another certificate’s key', { ...hub, privateKey: other.privateKey }, { privateKey: /서로 짝이 아닙니다/ }],
    ['no password', { ...hub, privateKeyPassword: '' }, { privateKeyPassword: /개인키 비밀번호도 필요합니다/ }],
    ['a wrong password', { ...hub, privateKeyPassword: 'wrong' }, { privateKeyPassword: /비밀번호가 맞지 않습니다/ }],
    ['a password alone', { siteCd: 'T0001', privateKeyPassword: 'x' }, { certificate: /인증서도 필요합니다/, privateKey: /개인키도 필요합니다/ }],
    ['a 가맹점 인증키 with a blank', { ...window, encKey: 'aaaa bbbb' }, { encKey: /공백 없이/ }],
    ['a 가맹점 인증키 that is too long', { ...window, encKey: 'a'.repeat(129) }, { encKey: /16진수 64자/ }],
    ['an address that is none', { ...window, windowUrl: 'kcp' }, { windowUrl: /http 또는 https 주소/ }],
    ['an address with a password', { ...hub, hubUrl: 'https://user:pass@kcp.example' }, { hubUrl: /http 또는 https 주소/ }],
    ['a LIVE channel elsewhere', { ...window, kind: 'LIVE', windowUrl: 'http://127.0.0.1:1' }, { windowUrl: /kcp_live_hosts/ }],
    ['a LIVE channel at KCP’s test host', { ...hub, kind: 'LIVE', hubUrl: 'https://stg-spl.kcp.co.kr' }, { hubUrl: /kcp_live_hosts/ }],
    ['nothing at all', { siteCd: 'T0001' }, { credentials: /자격 증명이 없습니다/ }],
    [
      'everything at once',
      { siteCd: 'T 1', certificate: 'x', privateKey: 'y', privateKeyPassword: 'z', encKey: '열쇠', hubUrl: 'x', windowUrl: 'y' },
      {
        siteCd: /영문·숫자/,
        certificate: /PEM 형식/,
        privateKey: /PEM 형식/,
        encKey: /enc_key 형식/,
        hubUrl: /주소여야/,
        windowUrl: /주소여야/,
      },
    ],
  ].map(([what, entered, wrong]) => ({ what, entered, wrong }));
}
