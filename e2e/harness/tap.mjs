// A tap on the wire between the gateway and KCP: passes everything on and counts the hub's calls, so that "KCP was asked once" is
// seen where it happens and not taken from the gateway's word. Can change an answer on its way, as no sandbox would give it.

import { createServer, request } from 'node:http';

export class Tap {
  /** Every call that came: `{txType, perCertNo, orderIdxx, resCd}`, in order; the last once the answer has come by. */
  calls = [];
  /** Changes the answers to a call, by its `tx_type`: from the JSON as it came to what is sent on, an object or text. */
  alter = {};

  static async to(target) {
    const tap = new Tap();
    tap.server = createServer((incoming, outgoing) => {
      const chunks = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('end', () => {
        const body = Buffer.concat(chunks);
        const call = tap.#note(body);
        const alter = tap.alter[call.txType];
        const onward = request(
          new URL(incoming.url, target),
          { method: incoming.method, headers: { ...incoming.headers, host: new URL(target).host } },
          (answer) => {
            if (alter) return changed(answer, alter, outgoing);
            outgoing.writeHead(answer.statusCode, answer.headers);
            hear(answer, call);
            return answer.pipe(outgoing);
          },
        );
        // A fault of the sandbox's that breaks the connection breaks it here too.
        onward.on('error', () => outgoing.destroy());
        outgoing.on('close', () => onward.destroy());
        onward.end(body);
      });
    });
    // Longer than the gateway keeps a connection that nobody uses: closed just as it is used again, it would be a call that broke.
    tap.server.keepAliveTimeout = 60_000;
    await new Promise((resolve, reject) => {
      tap.server.once('error', reject);
      tap.server.listen(0, '127.0.0.1', resolve);
    });
    tap.address = `http://127.0.0.1:${tap.server.address().port}`;
    return tap;
  }

  #note(body) {
    const { tx_type: txType, per_cert_no: perCertNo, ordr_idxx: orderIdxx } = JSON.parse(body.toString('utf8'));
    const call = { txType, perCertNo, orderIdxx };
    this.calls.push(call);
    return call;
  }

  /** How often this call was made. */
  count(txType) {
    return this.calls.filter((call) => call.txType === txType).length;
  }

  /** How often KCP granted a number, by the verification that each of KCP's numbers (`per_cert_no`) belongs to. */
  granted(verificationOf) {
    const granted = new Map();
    for (const { txType, perCertNo, resCd } of this.calls) {
      if (txType !== '2300' || resCd !== '0000') continue;
      const id = verificationOf.get(perCertNo);
      if (!id) throw new Error(`KCP was asked about ${perCertNo}, which nobody knows here`);
      granted.set(id, (granted.get(id) ?? 0) + 1);
    }
    return granted;
  }

  clear() {
    this.calls.length = 0;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

/** Notes what KCP said to a call. An answer that is none, or that breaks off, leaves it unsaid. */
function hear(answer, call) {
  let text = '';
  answer.on('data', (chunk) => (text += chunk));
  answer.on('end', () => {
    call.resCd = /"res_cd":"([^"]*)"/.exec(text)?.[1];
  });
}

function changed(answer, alter, outgoing) {
  const chunks = [];
  answer.on('data', (chunk) => chunks.push(chunk));
  answer.on('end', () => {
    const text = alter(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    outgoing.writeHead(answer.statusCode, { 'content-type': 'application/json' });
    outgoing.end(typeof text === 'string' ? text : JSON.stringify(text));
  });
}
