// A peer with a DNS name: not started while the name has no address (its packets are dropped), called
// when it has one, followed to another; the DNS is a responder of the test's inside the namespace.
import type { ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, tunnelConfiguration } from '../../src/lab/sites.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { addAddress } from '../../src/net/addresses.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { echoes, until, withPair } from './pair.js';

const names = suite('names');
const NAME = 'east.example.org';
const SERVER = '127.0.0.53';
const MOVED = '192.0.2.77';
const METRICS = 'http://127.0.0.1:9709/metrics';
const A = 1;

/** Answers A for every name with `address()`, the rest with "there is none" (RFC 1035 §4.1). */
async function startDns(site: Site, address: () => string | undefined): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    // At once: the socket comes to be in the namespace that the thread is in now.
    lookup: (host, _options, done) => done(null, host, 4),
  });
  socket.on('message', (query, from) =>
    socket.send(answer(query, address()), from.port, from.address),
  );
  const listening = once(socket, 'listening');
  site.gateway.enter(() => socket.bind(53, SERVER));
  await listening;
  return socket;
}

function answer(query: Buffer, address: string | undefined): Buffer {
  let end = 12;
  while (query[end] !== 0) end += query[end]! + 1;
  const question = query.subarray(12, end + 5);
  const found = query.readUInt16BE(end + 1) === A && address !== undefined;
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  // Response, recursion available; NXDOMAIN where there is no address at all.
  head.writeUInt16BE(0x8180 | (address === undefined ? 3 : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found ? 1 : 0, 6);
  if (!found) return Buffer.concat([head, question]);
  // The name by reference, A, IN, a TTL of 1 s, four bytes.
  const record = Buffer.from('c00c00010001000000010004', 'hex');
  return Buffer.concat([head, question, record, addressBytes(address)]);
}

/** The site, whose gateway starts programs with a resolv.conf of their own. */
function withResolver(site: Site, directory: string): Site {
  const file = join(directory, 'resolv.conf');
  writeFileSync(file, `nameserver ${SERVER}\n`);
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  const spawn: Site['gateway']['spawn'] = (command, args, options): ChildProcess =>
    site.gateway.spawn('unshare', ['-m', 'sh', '-c', script, file, command, ...args], options);
  return { ...site, gateway: { spawn } as Site['gateway'] };
}

/** What Prometheus would see of the tunnel to east. */
function metric(site: Site): string | undefined {
  const script = `fetch('${METRICS}').then((got) => got.text()).then((text) => console.log(text))`;
  const { stdout } = site.gateway.run(process.execPath, ['-e', script]);
  return stdout.split('\n').find((line) => line.startsWith('culvert_peer_up{'));
}

names('the name gets an address, then another: the tunnel follows', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'culvert-names-'));
  let address: string | undefined;
  let dns: Socket | undefined;
  try {
    await withPair(async ({ west, east, start }) => {
      east.gateway.configure((netlink) => addAddress(netlink, 'wan', prefixOf(`${MOVED}/24`)));
      dns = await startDns(west, () => address);
      await start(east, tunnelConfiguration(east, west));
      const tunnel = tunnelConfiguration(west, { ...east, outer: NAME });
      const configuration = { ...tunnel, metrics: { address: '127.0.0.1', port: 9709 } };
      const text = JSON.stringify(configuration).replace(`${NAME}/32`, NAME);
      const gateway = await start(withResolver(west, directory), JSON.parse(text) as object);
      await gateway.logged(/east.example.org cannot be resolved \(ENOTFOUND.*not started/);
      assert.is(echoes(west, east, 4, 1), 0);
      const row = async () => (await gateway.ask('peer addresses'))[0]!;
      assert.match((await row()).trouble, /not started/);
      const why = (await gateway.ask('doctor', { peer: 'east' }))[0]!.findings;
      assert.match(why.find(({ verdict }) => verdict === 'wrong')!.text, /cannot be resolved/);

      assert.is(metric(west), 'culvert_peer_up{peer="east"} 0');

      address = east.outer;
      await gateway.established();
      assert.equal(await row(), { peer: 'east', 'current-address': east.outer, trouble: '' });
      await until('echoes', () => echoes(west, east, 4, 1) || undefined);

      address = MOVED;
      const remote = async () => (await gateway.ask('policy print'))[0]!['sa-dst-address'];
      await until('the tunnel to follow', async () => (await remote()) === MOVED || undefined);
      await until('echoes', () => echoes(west, east, 4, 1) || undefined);
      assert.is((await row())['current-address'], MOVED);
    });
  } finally {
    dns?.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

if (ownNamespaces()) names.run();
