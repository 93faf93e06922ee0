// Certificates with encrypted keys in KCP's form, made by the `openssl` program.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { succeed } from './command.mjs';
import { removeFolder, temporaryFolder } from './program.mjs';

const PASSWORD = 'changeit-foreign';

const AUTHORITY = `
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
`;

/** `{certificatePem, privateKeyPem, privateKeyPassword}`, self-signed for this `site_cd` and this time (`YYYYMMDDHHMMSSZ`). */
export async function selfSigned(siteCd, { from, until }) {
  const cwd = await temporaryFolder();
  try {
    await writeFile(join(cwd, 'ca.cnf'), AUTHORITY);
    await writeFile(join(cwd, 'index.txt'), '');
    await succeed(
      'openssl',
      ['req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'plain.pem', '-out', 'request.pem', '-subj', `/CN=${siteCd}`],
      { cwd },
    );
    await succeed(
      'openssl',
      [
        ...['ca', '-batch', '-notext', '-config', 'ca.cnf', '-selfsign', '-keyfile', 'plain.pem'],
        ...['-in', 'request.pem', '-out', 'certificate.pem', '-startdate', from, '-enddate', until],
      ],
      { cwd },
    );
    await succeed(
      'openssl',
      ['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-in', 'plain.pem', '-out', 'key.pem', '-passout', `pass:${PASSWORD}`],
      { cwd },
    );
    return {
      certificatePem: await readFile(join(cwd, 'certificate.pem'), 'utf8'),
      privateKeyPem: await readFile(join(cwd, 'key.pem'), 'utf8'),
      privateKeyPassword: PASSWORD,
    };
  } finally {
    await removeFolder(cwd);
  }
}
