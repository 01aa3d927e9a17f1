// The hosts behind the gateways, one process each, started inside their namespaces; what they send
// is checked byte for byte (load.ts measures instead):
//   serve ADDRESS                 TCP on PORT: takes bytes, answers their number and SHA-256;
//                                 UDP on PORT: sends every datagram back
//   tcp   FROM TO SECONDS BYTES   sends for SECONDS, or BYTES if not 0
//   udp   FROM TO COUNT [BYTES]   sends COUNT datagrams, one after another, waits for each echo
// A client prints one JSON object; the server prints `ready`.
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, isIP } from 'node:net';

export const PORT = 5201;
const CHUNK = 262_144;
const DATAGRAM = 1000;
const ECHO_MS = 1000;

export interface TcpResult {
  readonly bytes: number;
  readonly seconds: number;
  /** Whether the far end received exactly what was sent (by SHA-256). */
  readonly intact: boolean;
}

export interface UdpResult {
  readonly sent: number;
  readonly received: number;
}

function serve(address: string): void {
  const tcp = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash('sha256');
    let bytes = 0;
    socket.on('data', (data) => {
      bytes += data.length;
      hash.update(data);
    });
    socket.on('end', () => socket.end(JSON.stringify({ bytes, sha256: hash.digest('hex') })));
    socket.on('error', (error) => process.stderr.write(`${error.message}\n`));
  });
  const udp = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  udp.on('message', (data, from) => udp.send(data, from.port, from.address));
  udp.bind(PORT, address, () => {
    tcp.listen(PORT, address, () => process.stdout.write('ready\n'));
  });
}

async function sendTcp(from: string, to: string, seconds: number, limit: number): Promise<void> {
  const socket = connect({ host: to, port: PORT, localAddress: from });
  await once(socket, 'connect');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => (answer += text));
  const ended = once(socket, 'end');
  const data = randomBytes(CHUNK);
  const hash = createHash('sha256');
  const started = performance.now();
  let bytes = 0;
  const more = (): boolean =>
    limit > 0 ? bytes < limit : performance.now() - started < seconds * 1000;
  while (more()) {
    hash.update(data);
    bytes += data.length;
    if (!socket.write(data)) await once(socket, 'drain');
  }
  socket.end();
  await ended;
  const heard = JSON.parse(answer) as { bytes: number; sha256: string };
  const took = (performance.now() - started) / 1000;
  const intact = heard.bytes === bytes && heard.sha256 === hash.digest('hex');
  print({ bytes, seconds: took, intact });
}

async function sendUdp(from: string, to: string, count: number, bytes: number): Promise<void> {
  const socket = createSocket(isIP(to) === 6 ? 'udp6' : 'udp4');
  socket.bind(0, from);
  await once(socket, 'listening');
  let received = 0;
  for (let sequence = 0; sequence < count; sequence++) {
    const data = randomBytes(bytes);
    socket.send(data, PORT, to);
    const echo = await Promise.race([
      once(socket, 'message').then(([back]) => back as Buffer),
      new Promise<undefined>((resolve) => setTimeout(resolve, ECHO_MS, undefined)),
    ]);
    if (echo?.equals(data)) received++;
  }
  socket.close();
  print({ sent: count, received });
}

function print(result: TcpResult | UdpResult): void {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

const [kind, first = '', second = '', third = '0', fourth = '0'] = process.argv.slice(2);
if (kind === 'serve') serve(first);
else if (kind === 'tcp') await sendTcp(first, second, Number(third), Number(fourth));
else if (kind === 'udp') await sendUdp(first, second, Number(third), Number(fourth) || DATAGRAM);
else throw new Error(`checked-traffic: no kind ${kind}`);
