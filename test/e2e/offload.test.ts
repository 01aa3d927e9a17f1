// Super-packets end to end: with the kernel's offloads, without them, and one end of each; raw ESP and
// ESP in UDP without a NAT; what was sent arrives unchanged, and the counters show which way it went.
// Shows tun.offload
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Site } from '../../src/lab/sites.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { carries, echoes, type Gateway, until, withPair } from './pair.js';

const offload = suite('offload');

interface Choice {
  readonly west: boolean;
  readonly east: boolean;
  readonly udp: boolean;
  readonly outer?: 4 | 6;
  readonly algorithms?: string;
}

const CHOICES: Readonly<Record<string, Choice>> = {
  'both ends, raw ESP': { west: true, east: true, udp: false },
  'both ends, ESP in UDP over IPv6': { west: true, east: true, udp: true, outer: 6 },
  'both ends, ESP in UDP, AES-CBC': {
    west: true,
    east: true,
    udp: true,
    algorithms: 'aes-128-cbc',
  },
  'one end only, raw ESP': { west: true, east: false, udp: false },
  'one end only, ESP in UDP': { west: false, east: true, udp: true },
  'neither end, ESP in UDP': { west: false, east: false, udp: true },
};

function configuration(site: Site, remote: Site, choice: Choice): object {
  const cbc = { 'enc-algorithms': choice.algorithms, 'auth-algorithms': 'sha256' };
  const address = choice.outer === 6 ? `${remote.outer6}/128` : `${remote.outer}/32`;
  const west = site.name === 'west';
  const claims = west && choice.udp;
  return {
    tun: { offload: west ? choice.west : choice.east },
    proposal: [{ name: 'default', ...(choice.algorithms ? cbc : {}) }],
    peer: [{ name: remote.name, address, passive: !west, 'udp-encapsulation': claims }],
    identity: [{ peer: remote.name, secret: 'a secret of the two' }],
    policy: [
      { 'src-address': site.network, 'dst-address': remote.network, peer: remote.name },
      { 'src-address': site.network6, 'dst-address': remote.network6, peer: remote.name },
    ],
  };
}

/** Whether super-packets passed the gateway's device, both ways. */
async function offloads(gateway: Gateway): Promise<boolean[]> {
  const { segmented = 0, coalesced = 0 } = await gateway.ask('statistics print');
  return [Number(segmented) > 0, Number(coalesced) > 0];
}

for (const [name, choice] of Object.entries(CHOICES)) {
  offload(`${name}: TCP, UDP and fragments, both families, both ways`, async () => {
    await withPair(async (pair) => {
      const east = await pair.start(pair.east, configuration(pair.east, pair.west, choice));
      const west = await pair.start(pair.west, configuration(pair.west, pair.east, choice));
      await west.established();
      await east.established();
      for (const family of [4, 6] as const) {
        const echo = (size?: number) => echoes(pair.west, pair.east, family, 1, size) || undefined;
        await until(`IPv${family} echoes`, () => echo());
        await until('a fragmented echo', () => echo(3000));
        await carries(pair.west, pair.east, family);
        await carries(pair.east, pair.west, family);
      }
      const [peer] = await west.ask('active-peers print');
      assert.is(peer?.['natt-peer'], choice.udp);
      assert.equal(await offloads(west), [choice.west, choice.west]);
      assert.equal(await offloads(east), [choice.east, choice.east]);
    });
  });
}

if (ownNamespaces()) offload.run();
