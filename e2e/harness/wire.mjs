// The wire to a server, in a test's hands: it can be cut so that nobody is told, as when a machine loses its power or a firewall
// forgets a connection.

import { connect, createServer } from 'node:net';

export class Wire {
  pairs = new Set();

  static async to(port) {
    const wire = new Wire();
    wire.server = createServer((near) => wire.#join(near, connect(port, '127.0.0.1')));
    await new Promise((resolve, reject) => {
      wire.server.once('error', reject);
      wire.server.listen(0, '127.0.0.1', resolve);
    });
    wire.port = wire.server.address().port;
    return wire;
  }

  #join(near, far) {
    const pair = { near, far, dead: false };
    this.pairs.add(pair);
    for (const [one, other] of [[near, far], [far, near]]) {
      one.on('data', (data) => pair.dead || other.write(data));
      // What ends at one side of a dead wire is not heard of at the other.
      one.on('close', () => pair.dead || other.destroy());
      one.on('error', () => {});
    }
  }

  /** Nothing more is heard on the connections that there are, from either side. New ones are as good as ever. */
  cut() {
    const cut = [...this.pairs].filter(({ near, dead }) => !dead && !near.destroyed);
    for (const pair of cut) pair.dead = true;
    return cut.length;
  }

  stop() {
    for (const { near, far } of this.pairs) [near, far].forEach((socket) => socket.destroy());
    return new Promise((resolve) => this.server.close(resolve));
  }
}
