// The door for Disconnect and CoA over real sockets: who is let in, and what a reload changes.
// Shows radius-incoming.accept, radius-incoming.port
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RadiusSettings } from '../../src/config/settings.js';
import { RadiusDoor } from '../../src/daemon/radius-door.js';
import { attribute } from '../../src/radius/attributes.js';
import { sealRequest } from '../../src/radius/authenticators.js';
import { DISCONNECT_ACK, DISCONNECT_REQUEST } from '../../src/radius/numbers.js';
import { eventually } from '../helpers/namespaces.js';
import { radiusServer } from './radius-servers.js';

const door = suite('radius door');
const SECRET = new TextEncoder().encode('a secret of the lab');
const NOW = 1_790_000_000;

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

const settings = (
  port: number,
  more: Partial<RadiusSettings['incoming']> = {},
): RadiusSettings => ({
  servers: ['127.0.0.5', '::1'].map((address) => radiusServer(address, SECRET)),
  accounting: true,
  interimUpdate: 0,
  incoming: { accept: true, port, requireTimestamp: true, ...more },
});

let identifier = 0;

/** Another one each time, as what comes again is answered from memory. */
function request(user: string): Uint8Array {
  const attributes = [attribute('User-Name', user), attribute('Event-Timestamp', NOW)];
  return sealRequest({ code: DISCONNECT_REQUEST, identifier: ++identifier, attributes }, SECRET);
}

/** Sends and gives the code of the answer; the kernel says so where no socket has the port. */
async function ask(from: string, port: number, user = 'carol'): Promise<number | 'refused'> {
  const socket = await sent(from, port, user);
  const code = await new Promise<number | 'refused'>((resolve) => {
    socket.on('message', (bytes) => resolve(bytes[0]!));
    socket.on('error', () => resolve('refused'));
  });
  socket.close();
  return code;
}

/** A socket that has sent a request and waits. */
async function sent(from: string, port: number, user: string): Promise<Socket> {
  const socket = createSocket(from.includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, from);
  await once(socket, 'listening');
  socket.connect(port, from.includes(':') ? '::1' : '127.0.0.1');
  await once(socket, 'connect');
  socket.send(request(user));
  return socket;
}

async function withDoor(
  first: RadiusSettings,
  body: (door: RadiusDoor, ended: string[], log: string[]) => Promise<void>,
): Promise<void> {
  const ended: string[] = [];
  const log: string[] = [];
  const line = (_topic: string, text: string): void => void log.push(text);
  const session = {
    session: 'a-1',
    user: 'carol',
    called: '',
    calling: '',
    port: 1,
    peer: 'rw',
    framedAddress: undefined,
    framedAddress6: undefined,
  };
  const opened = await RadiusDoor.open(first, {
    now: () => NOW * 1000,
    nas: () => ({ identifier: 'moon', address: undefined }),
    handler: {
      sessions: () => [session],
      disconnect: (sessions) => void ended.push(...sessions),
      change: () => {},
    },
    log: { debug: line, info: line, warning: line },
  });
  try {
    await body(opened, ended, log);
  } finally {
    opened.close();
  }
}

door('servers are answered, strangers are not', async () => {
  const port = await freePort();
  await withDoor(settings(port), async (_door, ended, log) => {
    const stranger = await sent('127.0.0.1', port, 'carol');
    const heard: unknown[] = [];
    stranger.on('message', (bytes) => heard.push(bytes));
    stranger.unref();
    const dropped = /127\.0\.0\.1, which is no RADIUS server of ours, is dropped/;
    await eventually('the stranger to be dropped', () => dropped.test(log.join('\n')));
    assert.equal(ended, []);
    assert.is(await ask('127.0.0.5', port), DISCONNECT_ACK);
    assert.is(await ask('::1', port), DISCONNECT_ACK);
    assert.equal(ended, ['a-1', 'a-1']);
    assert.equal(heard, []);
    stranger.close();
  });
});

door('accept=no opens no port', async () => {
  const port = await freePort();
  await withDoor(settings(port, { accept: false }), async () => {
    assert.is(await ask('127.0.0.5', port), 'refused');
  });
});

door('a reload moves, opens and closes it; one that cannot be leaves it as it was', async () => {
  const [port, other, taken] = [await freePort(), await freePort(), createSocket('udp4')];
  taken.unref();
  taken.bind(0);
  await once(taken, 'listening');
  await withDoor(settings(port), async (opened) => {
    await opened.reconfigure(settings(other));
    assert.is(await ask('127.0.0.5', port), 'refused');
    assert.is(await ask('127.0.0.5', other), DISCONNECT_ACK);
    const message = `radius-incoming.port ${taken.address().port}`;
    await opened.reconfigure(settings(taken.address().port)).then(
      () => assert.unreachable('the port is taken'),
      (error: Error) => assert.ok(error.message.startsWith(message), error.message),
    );
    assert.is(await ask('127.0.0.5', other), DISCONNECT_ACK);
    // the same port for one family more, of which somebody else has it
    const six = createSocket({ type: 'udp6', ipv6Only: true });
    const [four] = settings(other).servers;
    await opened.reconfigure({ ...settings(other), servers: [four!] });
    six.bind(other);
    await once(six, 'listening');
    await opened.reconfigure(settings(other)).then(
      () => assert.unreachable('the port is taken'),
      (error: Error) => assert.ok(error.message.startsWith(`radius-incoming.port ${other}`)),
    );
    assert.is(await ask('127.0.0.5', other), DISCONNECT_ACK);
    six.close();
    await opened.reconfigure(settings(other, { accept: false }));
    assert.is(await ask('127.0.0.5', other), 'refused');
  });
  taken.close();
});

door.run();
