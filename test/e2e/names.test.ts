// A peer with a DNS name: not started while the name has no address (its packets are dropped), called
// when it has one, followed to another; the DNS is a responder of the test's inside the namespace.
// Shows peer.address
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
const AAAA = 28;

/** What every name has at the moment; neither: there is no such name. */
interface Zone {
  a?: string;
  aaaa?: string;
}

/** Answers A and AAAA with what the zone has, the rest with "there is none" (RFC 1035 §4.1). */
async function startDns(site: Site, zone: Zone): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    // At once: the socket comes to be in the namespace that the thread is in now.
    lookup: (host, _options, done) => done(null, host, 4),
  });
  socket.on('message', (query, from) => socket.send(answer(query, zone), from.port, from.address));
  const listening = once(socket, 'listening');
  site.gateway.enter(() => socket.bind(53, SERVER));
  await listening;
  return socket;
}

function answer(query: Buffer, { a, aaaa }: Zone): Buffer {
  let end = 12;
  while (query[end] !== 0) end += query[end]! + 1;
  const question = query.subarray(12, end + 5);
  const type = query.readUInt16BE(end + 1);
  const found = type === A ? a : type === AAAA ? aaaa : undefined;
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  // Response, recursion available; NXDOMAIN where there is no address at all.
  head.writeUInt16BE(0x8180 | (a === undefined && aaaa === undefined ? 3 : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found === undefined ? 0 : 1, 6);
  if (found === undefined) return Buffer.concat([head, question]);
  // The name by reference, type, IN, a TTL of 1 s, and the address behind its length.
  const record = Buffer.from('c00c00000001000000010000', 'hex');
  const bytes = addressBytes(found);
  record.writeUInt16BE(type, 2);
  record.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([head, question, record, bytes]);
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
  const zone: Zone = {};
  let dns: Socket | undefined;
  try {
    await withPair(async ({ west, east, start }) => {
      east.gateway.configure((netlink) => addAddress(netlink, 'wan', prefixOf(`${MOVED}/24`)));
      dns = await startDns(west, zone);
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

      zone.a = east.outer;
      await gateway.established();
      assert.equal(await row(), { peer: 'east', 'current-address': east.outer, trouble: '' });
      await until('echoes', () => echoes(west, east, 4, 1) || undefined);

      zone.a = MOVED;
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

names(
  'nobody answers at the first address of the name: the other, of IPv6, has its turn',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'culvert-names-'));
    let dns: Socket | undefined;
    try {
      await withPair(async ({ west, east, start }) => {
        dns = await startDns(west, { a: '192.0.2.99', aaaa: east.outer6 });
        const called = JSON.stringify(tunnelConfiguration(east, west));
        const from = called.replace(`${west.outer}/32`, `${west.outer6}/128`);
        await start(east, JSON.parse(from) as object);
        const calling = JSON.stringify(tunnelConfiguration(west, east));
        const to = calling.replace(`${east.outer}/32`, NAME);
        const gateway = await start(withResolver(west, directory), JSON.parse(to) as object);
        await gateway.logged(/east.example.org is 192\.0\.2\.99/);
        await gateway.logged(/does not answer ike-sa-init after 4 transmissions/);
        await gateway.logged(/east.example.org is 2001:db8::2, it was 192\.0\.2\.99/);
        await gateway.established();
        const [row] = await gateway.ask('policy print');
        assert.equal([row!['sa-src-address'], row!['sa-dst-address']], [west.outer6, east.outer6]);
        await until('echoes', () => echoes(west, east, 4, 1) || undefined);
      });
    } finally {
      dns?.close();
      rmSync(directory, { recursive: true, force: true });
    }
  },
);

if (ownNamespaces()) names.run();
