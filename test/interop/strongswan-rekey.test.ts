// New keys without a gap: child and IKE rekey, started by either side, with and without PFS, while
// pings go through; none may be lost.
// Shows proposal.lifetime, proposal.lifebytes
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from './command.js';
import { prepare } from './packages.js';
import { ping, tcpAndUdp } from './traffic.js';
import { type Options, type Tunnel, withTunnel } from './tunnel.js';

const rekey = suite('strongSwan: rekey');
const PFS = { 'pfs-group': 'modp2048' };
const NO_PFS = { 'pfs-group': 'none' };
const WITHOUT: Partial<Options> = {
  proposal: NO_PFS,
  connection: { espProposals: 'aes128gcm128' },
};

/** Id of the child that strongSwan has in use, and how its keys came about. */
async function childOf({ strongswan }: Tunnel) {
  const sas = await strongswan.listSas();
  const children = sas.flatMap((ike) => ike.children);
  return children.filter(({ state }) => state === 'INSTALLED').at(-1);
}

async function ikeOf({ strongswan }: Tunnel) {
  const sas = await strongswan.listSas();
  const up = sas.filter(({ state }) => state === 'ESTABLISHED');
  return up.length === 1 ? up[0] : undefined;
}

/** Pings without a pause while `change` happens, and says how many of them came back. */
async function whilePinging({ topology }: Tunnel, change: () => Promise<void>) {
  let done = false;
  let sent = 0;
  let answered = 0;
  const pings = (async () => {
    while (!done) {
      answered += await ping(topology, 'alice', 'v4', { count: 5 });
      sent += 5;
    }
  })();
  try {
    await change();
  } finally {
    done = true;
    await pings;
  }
  answered += await ping(topology, 'bob', 'v4', { count: 5 });
  assert.is(answered, sent + 5, 'pings answered around the rekey');
}

async function childIsReplaced(tunnel: Tunnel, start: () => Promise<unknown>, pfs: boolean) {
  const before = await childOf(tunnel);
  const spis = async () => {
    const rows = await tunnel.culvert.print('installed-sa print');
    return rows.map(({ spi }) => spi);
  };
  const old = await spis();
  await whilePinging(tunnel, async () => {
    await start();
    await eventually('another child', async () => (await childOf(tunnel))?.id !== before?.id);
    await eventually('the old SAs to go', async () => {
      const now = await spis();
      return now.length === 2 && now.every((spi) => !old.includes(spi));
    });
  });
  assert.is((await childOf(tunnel))?.algorithms.includes('MODP_2048'), pfs);
}

for (const [name, pfs, options] of [
  ['with PFS', true, { proposal: PFS }],
  ['without PFS', false, WITHOUT],
] as const) {
  rekey(`child, ${name}, strongSwan starts`, async () => {
    await withTunnel({ initiator: 'culvert', ...options }, async (tunnel) => {
      await tunnel.up();
      const start = () => tunnel.strongswan.rekey('--child', 'net-v4');
      await childIsReplaced(tunnel, start, pfs);
    });
  });
  rekey(`child, ${name}, culvert starts`, async () => {
    const proposal = { ...options.proposal, lifetime: '15s' };
    await withTunnel({ initiator: 'strongswan', ...options, proposal }, async (tunnel) => {
      await tunnel.up();
      await childIsReplaced(tunnel, async () => {}, pfs);
      assert.match(tunnel.strongswan.log(), /parsed CREATE_CHILD_SA request .*N\(REKEY_SA\)/);
    });
  });
}

rekey('child, by bytes, culvert starts', async () => {
  // what follows is 2.1 million bytes each way: past the soft limit (at most 0.8 of it), and never past
  // the hard one, which a quick path reaches before any answer comes
  const proposal = { lifebytes: 2_450_000 };
  await withTunnel({ initiator: 'strongswan', proposal }, async (tunnel) => {
    await tunnel.up();
    await childIsReplaced(tunnel, () => tcpAndUdp(tunnel.topology, 'v4'), true);
  });
});

async function ikeIsReplaced(tunnel: Tunnel, start: () => Promise<unknown>) {
  const before = await ikeOf(tunnel);
  const [peer] = await tunnel.culvert.print('active-peers print');
  await whilePinging(tunnel, async () => {
    await start();
    const after = await eventually('another IKE SA', async () => {
      const now = await ikeOf(tunnel);
      return now?.id !== before?.id && now;
    });
    const moved = after.children.filter(({ state }) => state === 'INSTALLED');
    assert.is(moved.length, 1, 'the child moved with it');
    await eventually('culvert to have the new IKE SA only', async () => {
      const rows = await tunnel.culvert.print('active-peers print');
      return rows.length === 1 && rows[0]?.state === 'established' && rows[0].spii !== peer?.spii;
    });
  });
}

rekey('IKE, strongSwan starts; then a child on the new IKE SA', async () => {
  await withTunnel({ initiator: 'culvert' }, async (tunnel) => {
    await tunnel.up();
    await ikeIsReplaced(tunnel, () => tunnel.strongswan.rekey('--ike', 'gw'));
    await childIsReplaced(tunnel, () => tunnel.strongswan.rekey('--child', 'net-v4'), true);
  });
});

/** SPIs, seconds since it was established, what its child carried, as swanctl --list-sas says. */
async function seenByStrongswan({ strongswan }: Tunnel) {
  const [ike] = await strongswan.listSas();
  const [, spii, spir] = /IKEv2, (\w+)_i\*? (\w+)_r\*?/.exec(ike?.line ?? '') ?? [];
  const [child] = ike?.children ?? [];
  return { spii, spir, child };
}

rekey('active-peers says what strongSwan says, and goes on counting through rekeys', async () => {
  await withTunnel({ initiator: 'culvert' }, async (tunnel) => {
    const { culvert, strongswan, topology } = tunnel;
    await tunnel.up();
    await tcpAndUdp(topology, 'v4');
    const theirs = await seenByStrongswan(tunnel);
    const [row] = await culvert.print('active-peers print');
    assert.equal([row?.spii, row?.spir], [theirs.spii, theirs.spir]);
    // libipsec always has it that there is a NAT.
    assert.equal(
      [row?.side, row?.responder, row?.['natt-peer'], row?.port, row?.['ph2-total'], row?.state],
      ['initiator', false, true, 4500, 1, 'established'],
    );
    assert.equal([row?.['local-address'], row?.['remote-address']], ['192.0.2.1', '192.0.2.2']);
    // Packets are lost on the way, not between the counters: on a busy machine a tenth, which TCP repeats.
    const { bytesIn, bytesOut, packetsIn, packetsOut } = theirs.child!;
    for (const [received, sent] of [
      [row!['rx-bytes'], bytesOut],
      [row!['rx-packets'], packetsOut],
      [bytesIn, row!['tx-bytes']],
      [packetsIn, row!['tx-packets']],
    ] as const) {
      assert.ok(received <= sent && received > 0.8 * sent, `${received} received, ${sent} sent`);
    }
    await strongswan.rekey('--child', 'net-v4');
    await strongswan.rekey('--ike', 'gw');
    const after = await eventually('one IKE SA with one child', async () => {
      const rows = await culvert.print('active-peers print');
      return (
        rows.length === 1 && rows[0]?.['ph2-total'] === 1 && rows[0].spii !== row?.spii && rows[0]
      );
    });
    const later = await seenByStrongswan(tunnel);
    assert.equal([after.spii, after.spir], [later.spii, later.spir]);
    assert.is(after.side, 'initiator', 'whoever rekeyed');
    assert.ok(after.uptime >= row!.uptime);
    for (const name of ['rx-bytes', 'rx-packets', 'tx-bytes', 'tx-packets'] as const) {
      assert.ok(after[name] >= row![name], `${name}: ${row![name]}, then ${after[name]}`);
    }
    assert.is(await ping(topology, 'alice', 'v4', { count: 4 }), 4);
    const [last] = await culvert.print('active-peers print');
    assert.ok(last!['rx-packets'] >= after['rx-packets'] + 4);
    assert.ok(last!['last-seen'] <= last!.uptime);
    const killed = await culvert.command('active-peers', 'kill-connections');
    assert.match(killed, /1/);
    await strongswan.logged(/received DELETE for IKE_SA gw/);
  });
});

rekey('IKE, culvert starts', async () => {
  const profile = { lifetime: '15s' };
  await withTunnel({ initiator: 'strongswan', profile }, async (tunnel) => {
    await tunnel.up();
    await ikeIsReplaced(tunnel, async () => {});
  });
});

if ((await prepare('strongswan')) === undefined) rekey.run();
