// A policy with two peers, two addresses of one strongSwan: the first cannot be reached, then neither, then
// both again. Traffic goes by the one that works, waits where none does, and comes back; none of it is
// ever in the clear. Then a DNS name of two addresses, with nobody at the first.
// Shows policy.peer
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { atExit, eventually, shell } from './command.js';
import { prepare } from './packages.js';
import { SITES, type Topology } from './topology.js';
import { carries, nothingPasses } from './traffic.js';
import { SECRET, type Tunnel, withTunnel } from './tunnel.js';

const failover = suite('strongSwan: fail-over');

const FIRST = '192.0.2.2';
const SECOND = '192.0.2.10';
/** Nearer to 192.0.2.1 than the second, so the host says it first (RFC 6724 §6, rule 9). */
const NOBODY = '192.0.2.3';
const peer = (name: string, address: string) => ({
  name,
  address,
  'local-address': '192.0.2.1',
  profile: 'lab',
  mobike: false,
});
const identity = (name: string) => ({
  peer: name,
  secret: SECRET,
  'my-id': 'fqdn:moon.example',
  'remote-id': 'fqdn:sun.example',
});
const policy = {
  'src-address': SITES.moon.v4,
  'dst-address': SITES.sun.v4,
  peer: 'sun,spare',
  proposal: 'lab',
};

const withSecond = async ({ namespace }: Topology): Promise<void> => {
  await shell(namespace('sun'), `ip addr add ${SECOND}/24 dev eth0`);
};

/** Nothing of IKE and ESP passes at these addresses of strongSwan's host; it does at its others. */
const deaf = ({ namespace }: Topology, ...addresses: readonly string[]): Promise<string> =>
  shell(
    namespace('sun'),
    `nft 'add table ip deaf'; nft 'delete table ip deaf'; nft 'add table ip deaf'
nft 'add chain ip deaf in { type filter hook input priority 0; }'
${addresses.map((one) => `nft add rule ip deaf in ip daddr ${one} udp dport '{ 500, 4500 }' drop`).join('\n')}`,
  );

/** Until the policy's SA is with that address, and packets pass. */
async function usedIs({ culvert, topology }: Tunnel, address: string): Promise<void> {
  await eventually(
    `the policy to go by ${address}`,
    async () => {
      const [row] = await culvert.print('policy print');
      const name = address === FIRST ? 'sun' : 'spare';
      return (row!['sa-dst-address'] === address && row!['current-peer'] === name) || undefined;
    },
    120,
    culvert.log,
  );
  await carries(topology, 'alice', 'v4', { explain: culvert.log });
}

failover('the first that works has the policy', async () => {
  const connection = { localAddress: '%any' };
  const profile = { 'dpd-interval': '1s', 'dpd-maximum-failures': 2 };
  const peers = { peer: [peer('sun', FIRST), peer('spare', SECOND)] };
  const menus = { ...peers, identity: [identity('sun'), identity('spare')] };
  const before = withSecond;
  const options = { initiator: 'culvert', connection, profile, menus, before } as const;
  await withTunnel({ ...options, policies: [policy] }, async (tunnel) => {
    const { topology, culvert } = tunnel;
    await tunnel.up();
    await usedIs(tunnel, FIRST);

    await deaf(topology, FIRST);
    await usedIs(tunnel, SECOND);
    assert.match(await culvert.command('policy', 'print'), /\n0 BA {2}sun,spare /);
    const found = await culvert.command('doctor', 'spare');
    assert.match(found, /policy 0: spare is in use, sun is not \(peer .* answer/);

    await deaf(topology, FIRST, SECOND);
    await eventually('both to be given up', async () => {
      return (await culvert.print('installed-sa print')).length === 0 || undefined;
    });
    await nothingPasses(topology, 'alice', 'v4');
    const sick = await culvert.doctor();
    assert.match(sick.output, /policy 0: no peer is in use, sun is not \(.*, spare is not \(/);

    await deaf(topology);
    await usedIs(tunnel, FIRST);
    await eventually(
      'the backup to be let go',
      async () => {
        const up = await culvert.print('active-peers print');
        return up.every(({ peer: name }) => name === 'sun') || undefined;
      },
      60,
    );
    assert.is((await culvert.print('installed-sa print')).length, 2);
    assert.match(await culvert.command('policy', 'print'), /\n0 A {2}sun,spare /);
  });
});

/** `ip netns exec` lays these over the host's own files. */
function withHosts(namespace: string, hosts: string): () => void {
  const folder = `/etc/netns/${namespace}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/hosts`, hosts);
  writeFileSync(`${folder}/resolv.conf`, 'nameserver 127.0.0.1\n');
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
    forget();
  };
  const forget = atExit(remove);
  return remove;
}

failover('of the addresses of a name the one that strongSwan is at', async () => {
  const connection = { localAddress: '%any' };
  let remove = (): void => {};
  const before = async (topology: Topology) => {
    await withSecond(topology);
    const { namespace } = topology;
    remove = withHosts(namespace('moon'), `${NOBODY} gw.example.org\n${SECOND} gw.example.org\n`);
  };
  try {
    const peerByName = { address: 'gw.example.org' };
    const options = { initiator: 'culvert', connection, before, peer: peerByName } as const;
    await withTunnel(options, async (tunnel) => {
      const { culvert, topology } = tunnel;
      await culvert.logged(/gw.example.org is 192\.0\.2\.3/);
      await culvert.logged(/gw.example.org is 192\.0\.2\.10, it was 192\.0\.2\.3/);
      await culvert.established();
      await carries(topology, 'alice', 'v4', { explain: culvert.log });
    });
  } finally {
    remove();
  }
});

if ((await prepare('strongswan')) === undefined) failover.run();
