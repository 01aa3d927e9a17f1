// strongSwan uses an SA as soon as it has answered (RFC 7296 §2.8). Its answer is lost on the way, so its
// packets overtake the repetition: all of them are delivered, when IKE_AUTH brings the first child and when
// culvert authenticates anew beside the IKE SA that stands.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, shell } from './command.js';
import { prepare } from './packages.js';
import { CLIENT, POOLED } from './reauthentication.js';
import type { Topology } from './topology.js';
import { carries, ping } from './traffic.js';
import { type Options, type Tunnel, withTunnel } from './tunnel.js';

const overtake = suite('strongSwan: overtaking packets');

/** An IKE_AUTH answer on port 4500: non-ESP marker, exchange 35, the flag of an answer. */
const ANSWER = 'udp sport 4500 @th,64,32 0 @th,240,8 35 @th,250,1 1';
const TABLE = 'table inet lossy';

/** Moon's link loses those answers until `end`. */
async function loseAnswers({ namespace }: Topology): Promise<{ end(): Promise<void> }> {
  const moon = namespace('moon');
  const chain = 'type filter hook prerouting priority -400;';
  await shell(
    moon,
    `nft add ${TABLE}; nft 'add chain inet lossy in { ${chain} }'; nft 'add rule inet lossy in ${ANSWER} drop'`,
  );
  return { end: async () => void (await shell(moon, `nft delete ${TABLE}`)) };
}

const early = async ({ culvert }: Tunnel): Promise<number> =>
  (await culvert.print('statistics print')).early;

/** How many packets came for an SA that was there no more, or never. */
const stateless = async ({ culvert }: Tunnel): Promise<number> =>
  (await culvert.print('statistics print'))['in-no-states'];

overtake('the first child: pings that come before the answer are answered', async () => {
  let loss: { end(): Promise<void> } | undefined;
  const options: Options = {
    initiator: 'culvert',
    before: async (topology) => {
      loss = await loseAnswers(topology);
    },
  };
  await withTunnel(options, async (tunnel) => {
    const { strongswan, topology, culvert } = tunnel;
    await eventually(
      'strongSwan to have answered',
      () => /IKE_AUTH response 1/.test(strongswan.log()),
      undefined,
      culvert.log,
    );
    // The first of them find a strongSwan that is still busy with its routes.
    const first = async (): Promise<boolean> => {
      await ping(topology, 'bob', 'v4', { count: 1, seconds: 1 });
      return (await early(tunnel)) > 0;
    };
    await eventually('a ping that comes early', first);
    const before = await early(tunnel);
    const pinging = ping(topology, 'bob', 'v4', { count: 10, seconds: 20 });
    await eventually('more of them', async () => (await early(tunnel)) >= before + 3);
    assert.is((await culvert.print('installed-sa print')).length, 0, 'there is no SA yet');
    await loss!.end();
    const answered = await pinging;
    assert.is(answered, 10, JSON.stringify(await culvert.print('statistics print')));
    assert.is(await stateless(tunnel), 0);
  });
});

overtake('authentication anew: no ping is lost though the answer is', async () => {
  await withTunnel(CLIENT, async (tunnel) => {
    const { culvert, topology, strongswan } = tunnel;
    await strongswan.loadText(POOLED);
    const before = await culvert.established();
    await carries(topology, 'alice', 'v4', { explain: culvert.log });
    await culvert.logged(/wants to be shown again within \d+ s who we are/);
    const since = { early: await early(tunnel), stateless: await stateless(tunnel) };
    const loss = await loseAnswers(topology);
    const pinging = ping(topology, 'alice', 'v4', { count: 170, seconds: 60 });
    await eventually(
      'pings that come early',
      async () => (await early(tunnel)) >= since.early + 3,
      40,
      () => `${culvert.log()}\n${strongswan.log()}`,
    );
    await loss.end();
    const answered = await pinging;
    assert.is(answered, 170, JSON.stringify(await culvert.print('statistics print')));
    assert.is.not((await culvert.established()).spii, before.spii);
    assert.is(await stateless(tunnel), since.stateless);
  });
});

if ((await prepare('strongswan')) === undefined) overtake.run();
