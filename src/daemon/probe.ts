// Whether something answers on a peer's IKE ports: a message of a major version that nobody speaks,
// which RFC 7296 §2.5 has answered with INVALID_MAJOR_VERSION, and which leaves nothing behind there.
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { IKE_PORT, NAT_PORT } from '../ike/parts/nat.js';

/** `refused`: the host says that nobody listens. `silent`: nothing came; not every peer answers. */
export type Echo = 'answered' | 'refused' | 'silent';

export interface Probed {
  readonly ike: Echo;
  readonly nat: Echo;
}

// Our own choices: three times, and a bit longer than a round trip around the world.
const TRIES = 3;
const WAIT_MS = 400;
const HEADER = 28; // RFC 7296 §3.1
const NON_ESP_MARKER = 4; // RFC 3948 §2.2

/** A port of its own is spoken to as 4500 is. */
export async function probe(address: string, port: number): Promise<Probed> {
  const first = echo(address, port, port !== IKE_PORT);
  const [ike, nat] = await Promise.all([first, echo(address, NAT_PORT, true)]);
  return { ike, nat };
}

/** IKE_SA_INIT of version 3.0, with a header alone. */
function question(marked: boolean): Buffer {
  const message = Buffer.alloc(HEADER);
  randomBytes(8).copy(message);
  message.writeUInt8(0x30, 17);
  message.writeUInt8(34, 18);
  message.writeUInt8(0x08, 19);
  message.writeUInt32BE(HEADER, 24);
  return marked ? Buffer.concat([Buffer.alloc(NON_ESP_MARKER), message]) : message;
}

function echo(address: string, port: number, marked: boolean): Promise<Echo> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    let tries = 0;
    let timer: NodeJS.Timeout | undefined;
    const done = (found: Echo): void => {
      clearTimeout(timer);
      socket.close();
      resolve(found);
    };
    // A connected socket hears of ICMP: the port is closed, or a router on the way refuses.
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      done(code === 'ECONNREFUSED' ? 'refused' : 'silent'),
    );
    socket.on('message', () => done('answered'));
    const again = (): void => {
      if (tries++ === TRIES) {
        done('silent');
        return;
      }
      timer = setTimeout(again, WAIT_MS);
      socket.send(question(marked));
    };
    socket.connect(port, address, again);
  });
}
