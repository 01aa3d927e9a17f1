// Sessions of users, as the engine tells of them: they begin with the IKE SA, outlive its rekeys, and
// end once, with the cause that accounting needs.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Applicant, Conversation } from '../../src/eap/authenticator.js';
import { LocalConversation } from '../../src/eap/local.js';
import { METHODS } from '../../src/eap/method.js';
import { MschapServer } from '../../src/eap/mschapv2.js';
import type { Authorisation } from '../../src/ike/authorisation.js';
import type { SessionEvent } from '../../src/ike/sessions.js';
import { reconcile } from '../../src/policy/reconcile.js';
import { decodeHeader } from '../../src/wire/header.js';
import { N } from '../../src/wire/notifications.js';
import { IKE_AUTH } from '../../src/wire/numbers.js';
import { entryOf, issue, storeOf } from '../certificates/pki.js';
import { grant } from '../helpers/authorisation.js';
import { Random } from '../wire/random.js';
import { newWorld } from './connected.js';
import { address, databases, type SiteOptions } from './databases.js';
import { Insider } from './insider.js';
import type { Identity, Policy } from '../../src/policy/database.js';
import type { Site } from './site.js';
import type { World } from './world.js';

const sessions = suite('sessions of users');
const CA = issue({ cn: 'Lab CA', ca: true });
const WEST = issue({ cn: 'west', san: 'DNS:west.example' }, CA);
const USER = { name: 'carol', password: 'Ar3etTnp' };
const random = new Random(7);

/** As a RADIUS server would: MSCHAPv2, and a grant with the yes. */
function authority(more: Partial<Authorisation>) {
  let count = 0;
  return (_applicant: Applicant): Conversation<Authorisation> => {
    const make = (identity: string) =>
      new MschapServer(identity === USER.name ? USER : undefined, identity, (n) => random.bytes(n));
    const inner = new LocalConversation([{ type: METHODS['eap-mschapv2'].type, make }], 1);
    return {
      begin: () => inner.begin(),
      close: () => inner.close(),
      async answer(response) {
        const verdict = await inner.answer(response);
        if (verdict.kind !== 'success') return verdict;
        const granted = { user: USER.name, session: `s-${++count}`, server: 'lab', ...more };
        return { ...verdict, authorisation: grant(granted) };
      },
    };
  };
}

const byRadius: NonNullable<SiteOptions['identities']> = (shared) => [
  { ...shared, authMethod: 'eap-radius', certificate: ['own'], rsaPadding: 'pkcs1' },
];

interface Told {
  readonly world: World;
  readonly events: SessionEvent[];
}

/** `rekeys`: the side whose IKE SAs live for an hour. */
async function userWorld(
  password = USER.password,
  rekeys?: 'east' | 'west',
  more: Partial<Authorisation> = {},
  west: SiteOptions = {},
): Promise<Told> {
  const lifetime = (side: string) => ({ lifetime: side === rekeys ? 3600 : 36_000 });
  const world = newWorld({
    east: {
      profile: lifetime('east'),
      certificates: storeOf([entryOf('ca', CA, { trusted: true })]),
      identities: (shared) => [
        {
          ...shared,
          authMethod: 'eap',
          eapMethods: ['eap-mschapv2'],
          username: USER.name,
          password,
          certificate: [],
          remoteCertificate: undefined,
          ttlsInner: 'mschapv2',
          outerIdentity: '',
          serverNames: [],
        } as Identity,
      ],
    },
    west: {
      profile: lifetime('west'),
      certificates: storeOf([entryOf('own', WEST, { own: true })]),
      identities: byRadius,
      ...west,
    },
    context: { west: { authenticate: authority(more) } },
  });
  const events: SessionEvent[] = [];
  listen(world.west, events);
  await world.east.carry(world.east.engine.start());
  await world.run(2000);
  return { world, events };
}

/** Every Step that a site carries out passes here. */
function listen(site: Site, events: SessionEvent[]): void {
  const carry = site.carry.bind(site);
  site.carry = async (pending) => {
    const step = await carry(pending);
    events.push(...step.sessions);
    return step;
  };
}

const told = ({ events }: Told): string[] =>
  events.map((event) =>
    event.kind === 'began'
      ? `began ${event.authorisation.session}`
      : `ended ${event.session} ${event.cause}`,
  );

sessions(
  'a session begins with the IKE SA; its children belong to it; its user is shown',
  async () => {
    const lab = await userWorld();
    assert.equal(told(lab), ['began s-1']);
    const [began] = lab.events;
    assert.ok(began?.kind === 'began');
    assert.is(began.authorisation.user, 'carol');
    assert.is(began.peer, 'east');
    assert.equal(
      [...lab.world.west.children.values()].map(({ sa }) => sa.session),
      ['s-1'],
    );
    assert.is(lab.world.west.established[0]?.user, 'carol');
  },
);

sessions('a wrong password begins nothing', async () => {
  const lab = await userWorld('wrong');
  await lab.world.run(60_000);
  assert.equal(told(lab), []);
  assert.is(lab.world.west.children.size, 0);
});

sessions('the peer says goodbye: User-Request', async () => {
  const lab = await userWorld();
  await lab.world.east.carry(lab.world.east.engine.shutdown());
  await lab.world.run();
  assert.equal(told(lab), ['began s-1', 'ended s-1 user-request']);
});

for (const side of ['east', 'west'] as const) {
  sessions(`the session outlives rekeys of the IKE SA that ${side} begins`, async () => {
    const lab = await userWorld(USER.password, side);
    const { west, east } = lab.world;
    const spi = west.established[0]?.spii;
    await lab.world.run(3 * 3_600_000);
    assert.is(west.established.length, 1);
    assert.is.not(west.established[0]?.spii, spi);
    assert.equal(told(lab), ['began s-1']);
    assert.is(west.established[0]?.user, 'carol');
    assert.ok([...west.children.values()].every(({ sa }) => sa.session === 's-1'));
    await east.carry(east.engine.shutdown());
    await lab.world.run();
    assert.equal(told(lab), ['began s-1', 'ended s-1 user-request']);
  });
}

sessions(
  'ended by a server, by command, by our own end: at once, each with its cause',
  async () => {
    const causes: [string, (site: Site) => Promise<unknown>][] = [
      [
        'session-timeout',
        (site) =>
          site.carry(site.engine.endSessions(new Set(['s-1']), 'session-timeout', 'time is over')),
      ],
      ['admin-reset', (site) => site.carry(site.engine.killConnections())],
      ['admin-reboot', (site) => site.carry(site.engine.shutdown())],
    ];
    for (const [cause, end] of causes) {
      const lab = await userWorld();
      await end(lab.world.west);
      // The peer's answer is not waited for: nothing is carried any more.
      assert.equal(told(lab), ['began s-1', `ended s-1 ${cause}`]);
      await lab.world.run(1000);
      assert.equal(told(lab).slice(0, 2), ['began s-1', `ended s-1 ${cause}`]);
      assert.is(told(lab).filter((line) => line.startsWith('ended s-1')).length, 1);
    }
  },
);

/** The seconds of each AUTH_LIFETIME (RFC 4478) of this side in IKE_AUTH. */
const lifetimes = (world: World, side: Site): number[] =>
  world.captured
    .filter(({ from }) => from === side)
    .flatMap(({ datagram }) => {
      const { exchangeType } = decodeHeader(datagram.bytes);
      if (exchangeType !== IKE_AUTH) return [];
      const { inner } = new Insider(world, side).open(datagram);
      return inner.flatMap((one) =>
        one.type === 'Notify' && one.notifyType === N.AUTH_LIFETIME
          ? [new DataView(one.data.buffer, one.data.byteOffset).getUint32(0)]
          : [],
      );
    });

sessions(
  'Session-Timeout with Termination-Action RADIUS-Request: who proves itself anew has a new session',
  async () => {
    const more = { sessionTimeout: 100, reauthenticate: true };
    const lab = await userWorld(USER.password, undefined, more);
    assert.equal(lifetimes(lab.world, lab.world.west), [100]);
    for (let second = 0; second < 95; second++) {
      await lab.world.run(1000);
      assert.ok(lab.world.west.children.size > 0, `nothing carries at ${second} s`);
    }
    // In time, and the old one goes after the new one is there.
    assert.equal(told(lab), ['began s-1', 'began s-2', 'ended s-1 user-request']);
    await lab.world.run(95_000);
    assert.equal(told(lab).slice(3), ['began s-3', 'ended s-2 user-request']);
    assert.is(lab.world.west.established.length, 1);
    lab.world.checkMirrored();
  },
);

sessions('a limit that a server changes later is told, too', async () => {
  const more = { sessionTimeout: 86_400, reauthenticate: true };
  const lab = await userWorld(USER.password, 'west', more);
  const { world } = lab;
  // West has replaced the IKE SA: who called whom is what it was.
  await world.run(3 * 3_600_000);
  await world.west.carry(world.west.engine.limitSessions(new Set(['s-1', 's-9']), 60));
  await world.run(59_000);
  assert.equal(told(lab), ['began s-1', 'began s-2', 'ended s-1 user-request']);
  const { world: other } = await userWorld(USER.password, undefined, { sessionTimeout: 86_400 });
  other.log.length = 0;
  await other.west.carry(other.west.engine.limitSessions(new Set(['s-1']), 60));
  await other.run(1000);
  assert.equal(other.log, [], 'it was never to prove itself again');
});

sessions('a time of next to nothing does not make the user call without a pause', async () => {
  const more = { sessionTimeout: 1, reauthenticate: true };
  const lab = await userWorld(USER.password, undefined, more);
  await lab.world.run(58_000);
  const begun = told(lab).filter((line) => line.startsWith('began')).length;
  assert.ok(begun > 5 && begun <= 13, `${begun} times within a minute`);
});

sessions('Session-Timeout without it is no reason to prove anything anew', async () => {
  const lab = await userWorld(USER.password, undefined, { sessionTimeout: 100 });
  assert.equal(lifetimes(lab.world, lab.world.west), []);
  await lab.world.run(95_000);
  assert.equal(told(lab), ['began s-1']);
});

sessions('its identity goes with a reload: Admin-Reset', async () => {
  const lab = await userWorld();
  const { west } = lab.world;
  const before = databases('west', { identities: byRadius });
  const after = databases('west');
  await west.carry(west.engine.reconfigure(reconcile(before, after, before.policies.length)));
  assert.equal(told(lab), ['began s-1', 'ended s-1 admin-reset']);
  await lab.world.run(60_000);
  assert.is(west.children.size, 0);
});

for (const userProved of [true, false]) {
  const whose = userProved ? 'proved' : 'said outside of TLS';
  sessions(`INITIAL_CONTACT under a name that is ${whose}`, async () => {
    const lab = await userWorld(USER.password, undefined, { userProved });
    const { world } = lab;
    // East has forgotten all of it, and its goodbye is lost.
    world.filter = () => false;
    await world.east.carry(world.east.engine.killConnections());
    await world.run(200_000);
    world.filter = () => true;
    for (let i = 0; i < 60 && !told(lab).includes('began s-2'); i++) await world.run(2000);
    const ended = userProved ? ['ended s-1 lost-carrier'] : [];
    assert.equal(told(lab), ['began s-1', 'began s-2', ...ended]);
    // It may be another user's: that one is not put out, nor is its address given away.
    assert.is(world.west.established.length, userProved ? 1 : 2);
  });
}

sessions('a name that nobody vouches for takes no policy of who said the same over', async () => {
  const [pattern] = databases('west').policies as [Policy];
  const any = { address: address('0.0.0.0'), bits: 0 };
  const template = { ...pattern, id: 50, place: 50, peer: undefined, src: any, dst: any };
  const generatePolicy = {
    ports: 'port-strict',
    group: 'default',
    notrackChain: undefined,
  } as const;
  const west: SiteOptions = {
    policies: 0,
    templates: [{ ...template, group: 'default' }],
    identities: (shared) => byRadius(shared).map((one) => ({ ...one, generatePolicy })),
  };
  const lab = await userWorld(USER.password, undefined, { userProved: false }, west);
  const { world } = lab;
  const before = [...world.west.made.keys()];
  assert.is(before.length, 1);
  world.filter = () => false;
  await world.east.carry(world.east.engine.killConnections());
  await world.run(200_000);
  world.filter = () => true;
  for (let i = 0; i < 60 && !told(lab).includes('began s-2'); i++) await world.run(2000);
  assert.is(world.west.established.length, 2);
  assert.equal([...world.west.made.keys()], before, 'the first one has its policy still');
  const invalid = world.west.engine.generated().map((one) => one.invalid);
  assert.equal(invalid, [false, true]);
});

sessions('of other users nothing is ended', async () => {
  const lab = await userWorld();
  const { west } = lab.world;
  await west.carry(west.engine.endSessions(new Set(['s-2']), 'admin-reset', 'x'));
  await lab.world.run();
  assert.equal(told(lab), ['began s-1']);
  assert.is(west.established.length, 1);
});

sessions('a peer that falls silent: Lost-Carrier', async () => {
  const lab = await userWorld();
  const { west, east } = lab.world;
  lab.world.filter = () => false;
  // West asks for nothing by itself here (no DPD): a rekey is what meets the silence.
  await lab.world.run(11 * 3_600_000);
  assert.equal(told(lab).slice(0, 2), ['began s-1', 'ended s-1 lost-carrier']);
  assert.is(west.children.size, 0);
  assert.is(east.children.size, 0);
});

sessions('a user who starts anew has another session, and the first is over', async () => {
  const lab = await userWorld();
  const { world } = lab;
  await world.east.carry(world.east.engine.killConnections());
  await world.run(10_000);
  assert.equal(told(lab), ['began s-1', 'ended s-1 user-request', 'began s-2']);
});

sessions.run();
