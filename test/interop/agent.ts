// A small host program that the suites start inside a namespace: it serves TCP and UDP, or is the
// client of such a server and checks every byte that comes back.
//   agent.js serve ADDRESS PORT     agent.js tcp ADDRESS PORT BYTES     agent.js udp ADDRESS PORT
//   agent.js shout ADDRESS PORT TEXT [FAMILY]: one datagram to a broadcast or multicast address
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, isIPv6 } from 'node:net';

/** What the server does to each byte, so that a reply is not a reflection of the request. */
const answerTo = (data: Buffer): Buffer => Buffer.from(data.map((byte) => byte ^ 0x5a));

/** Bytes that differ at every offset of a packet (xorshift32). */
function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  return bytes;
}

const udpSocket = (address: string): UdpSocket => createSocket(isIPv6(address) ? 'udp6' : 'udp4');

function serve(address: string, port: number): void {
  const tcp = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (data) => {
      if (!socket.write(answerTo(data))) {
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
  });
  const udp = udpSocket(address);
  udp.on('message', (data, { port: from, address: to }) => udp.send(answerTo(data), from, to));
  udp.bind(port, address, () => tcp.listen(port, address, () => console.log('serving')));
}

function tcpClient(address: string, port: number, length: number): void {
  const sent = pattern(length, port);
  const received: Buffer[] = [];
  const socket = connect({ host: address, port, timeout: 20_000 }, () => socket.end(sent));
  socket.on('timeout', () => socket.destroy(new Error('nothing moved for 20 s')));
  socket.on('data', (data) => received.push(data));
  socket.on('error', (error) => {
    console.log(`tcp: ${error.message}`);
    process.exitCode = 1;
  });
  socket.on('close', () => {
    const all = Buffer.concat(received);
    if (all.equals(answerTo(sent))) return;
    console.log(`tcp: sent ${length} bytes, ${all.length} came back or differ`);
    process.exitCode = 1;
  });
}

/** UDP may lose: each size is sent again every half second, ten times at most. */
async function udpClient(address: string, port: number): Promise<void> {
  const socket = udpSocket(address);
  for (const length of [1, 64, 512, 1300, 1400, 4000]) {
    const sent = pattern(length, length);
    const expected = answerTo(sent);
    const came = await new Promise<boolean>((resolve) => {
      let left = 10;
      const send = (): void => {
        if (left-- === 0) finish(false);
        else socket.send(sent, port, address);
      };
      const timer = setInterval(send, 500);
      const finish = (result: boolean): void => {
        clearInterval(timer);
        socket.removeAllListeners('message');
        resolve(result);
      };
      socket.on('message', (data) => data.equals(expected) && finish(true));
      send();
    });
    if (came) continue;
    console.log(`udp: no right answer to ${length} bytes`);
    process.exitCode = 1;
    break;
  }
  socket.close();
}

function shout(address: string, port: number, text: string): void {
  const socket = udpSocket(address);
  socket.bind(() => {
    if (!isIPv6(address)) socket.setBroadcast(true);
    socket.send(text, port, address, () => socket.close());
  });
}

const [verb, address = '', port = '0', argument = ''] = process.argv.slice(2);
if (verb === 'serve') serve(address, Number(port));
else if (verb === 'tcp') tcpClient(address, Number(port), Number(argument));
else if (verb === 'udp') await udpClient(address, Number(port));
else if (verb === 'shout') shout(address, Number(port), argument);
else throw new Error(`no such verb: ${verb}`);
