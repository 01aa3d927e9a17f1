// IKE messages in fragments (RFC 7383) with strongSwan, over a path of MTU 1280 on which IP fragments
// are lost. Identities of up to 4 KB, each side with fragments of its own size; then certificates of
// 4 KB with their intermediate authority, as both sides are out of the box. Each side calls.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Holder, issue } from '../certificates/pki.js';
import { type Case, type Lab, startLab } from './certificate-lab.js';
import { shell } from './command.js';
import { prepare } from './packages.js';
import type { Topology } from './topology.js';
import { ping } from './traffic.js';
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

async function noneSent({ namespace }: Topology): Promise<void> {
  for (const gateway of ['moon', 'sun'] as const) {
    const dropped = await shell(namespace(gateway), 'nft list table ip narrow');
    assert.match(dropped, /packets 0 /, `an IP fragment came to ${gateway}`);
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
      await noneSent(topology);
    });
  });
}

/** Of 4 KB: an RSA key of 4096 bits, and all the names that a gateway of many answers to. */
function weighty(cn: string, issuer: Holder): Holder {
  const names = Array.from(
    { length: 24 },
    (_, at) => `DNS:${cn}${at}.${'long.'.repeat(20)}example`,
  );
  const san = [`DNS:${cn}.example`, ...names].join(',');
  return issue({ cn: cn.padEnd(60, '-'), key: 'rsa4096', san }, issuer);
}

fragments('certificates of 4 KB and their intermediate authority, each side calls', async () => {
  const ca = issue({ cn: 'Root'.padEnd(60, '-'), key: 'rsa4096', ca: true });
  const middle = issue({ cn: 'Middle'.padEnd(60, '-'), key: 'rsa4096', ca: true }, ca);
  const [sun, moon] = [weighty('sun', middle), weighty('moon', middle)];
  for (const { certificate } of [sun, moon]) {
    assert.ok(certificate.length > 4000, `${certificate.length} bytes`);
  }
  const one: Case = { sun: [sun, middle], moon: [moon, middle], sunTrusts: ca, moonTrusts: ca };
  const lab = await startLab();
  try {
    await narrow(lab.topology);
    for (const caller of ['strongswan', 'culvert'] as const) {
      await lab.prepare(one, caller);
      await certified(lab, caller);
      await lab.clear();
    }
    await noneSent(lab.topology);
  } finally {
    await lab.end();
  }
});

async function certified(lab: Lab, caller: 'strongswan' | 'culvert'): Promise<void> {
  if (caller === 'strongswan') {
    const { status, output } = await lab.strongswan.initiate('net');
    assert.is(status, 0, `${output}\n${lab.said().culvert}`);
  }
  await lab.waitFor('culvert', /signed with rsa-sha384, certificate O=Lab, CN=sun-+/);
  await lab.waitFor('strongswan', /'moon.example' with RSA_EMSA_PKCS1_SHA2_384 successful/);
  assert.is(await ping(lab.topology, 'alice', 'v4', { count: 1 }), 1, 'no ping');
  const log = lab.said().strongswan;
  const most = (pattern: RegExp): number =>
    Math.max(...[...log.matchAll(pattern)].map(([, n]) => Number(n)));
  assert.ok(most(/into (\d+) fragments/g) > 4, 'strongSwan sent no certificates');
  assert.ok(most(/received fragment #\d+ of (\d+)/g) > 4, 'culvert sent no certificates');
}

if ((await prepare('strongswan')) === undefined) fragments.run();
