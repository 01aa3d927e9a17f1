// IKE messages in fragments (RFC 7383) with strongSwan, over a path of MTU 1280 on which IP fragments
// are lost: an identity of 4 KB stands for what certificates weigh. Each side calls, each with fragments
// of its own size.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { shell } from './command.js';
import { prepare } from './packages.js';
import type { Topology } from './topology.js';
import { type Options, withTunnel } from './tunnel.js';

const fragments = suite('strongSwan: fragments');

/** swanctl cuts off identities of 512 characters; ours goes unnamed there. */
const MOON = 'moon'.padEnd(4000, '.');
const SUN = 'sun'.padEnd(500, '.');
const IDENTITIES: Partial<Options> = {
  identity: { 'my-id': `key-id:${MOON}`, 'remote-id': `key-id:${SUN}` },
  connection: { localId: `"keyid:${SUN}"`, remoteId: '%any', secretForAll: true },
};

/** Before the kernel would put them together (priority of its own hook: -400). */
async function narrow({ namespace }: Topology): Promise<void> {
  for (const gateway of ['moon', 'sun'] as const) {
    await shell(
      namespace(gateway),
      `ip link set eth0 mtu 1280
nft add table ip narrow
nft 'add chain ip narrow in { type filter hook prerouting priority -450; }'
nft 'add rule ip narrow in iifname "eth0" ip frag-off & 0x3fff != 0 counter drop'`,
    );
  }
}

for (const [initiator, size, theirs] of [
  ['culvert', 1280, 400],
  ['strongswan', 576, 136],
] as const) {
  const name = `${initiator} calls: ${size} bytes from culvert, ${theirs} from strongSwan`;
  fragments(name, async () => {
    const options: Options = {
      initiator,
      ...IDENTITIES,
      profile: { 'fragment-size': size },
      charon: `fragment_size = ${theirs}`,
      before: narrow,
    };
    await withTunnel(options, async ({ up, topology, culvert, strongswan }) => {
      await up();
      const log = strongswan.log();
      const split = Math.max(
        ...[...log.matchAll(/into (\d+) fragments/g)].map(([, n]) => Number(n)),
      );
      assert.ok(split > (theirs < 400 ? 16 : 2), `strongSwan made ${split} fragments`);
      assert.match(log, /received fragment #\d+ of \d+, reassembled fragmented IKE message/);
      const received = [...log.matchAll(/received fragment #\d+ of (\d+)/g)].map(([, n]) =>
        Number(n),
      );
      assert.ok(Math.max(...received) > (size < 1280 ? 7 : 3), `${Math.max(...received)} from us`);
      assert.match((await culvert.established()).id, /^key-id:sun/);
      // Phase 1 anew, and the child: further exchanges under the agreement of the first.
      const before = (await culvert.established()).spii;
      const { status, output } = await strongswan.rekey('--ike', 'gw');
      assert.is(status, 0, output);
      await culvert.logged(/replaced the IKE SA/);
      assert.is.not((await culvert.established()).spii, before);
      const dropped = await shell(topology.namespace('moon'), 'nft list table ip narrow');
      assert.match(dropped, /packets 0 /, 'an IP fragment was sent');
    });
  });
}

if ((await prepare('strongswan')) === undefined) fragments.run();
