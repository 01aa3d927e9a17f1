// What the clients that people have put into their first IKE_AUTH, payload by payload: our own engine as a
// user of EAP, its message changed on the way to be theirs. Each is let in by its user name, gets addresses,
// and is told nothing that it did not ask for by number.
//   Windows 10:  IDi CERTREQ N(MOBIKE) CP(ADDR DNS NBNS SRV ADDR6 DNS6 SRV6) SA TSi TSr
//   iOS, macOS:  IDi N(INITIAL_CONTACT) IDr CP(ADDR DHCP DNS MASK ADDR6 DHCP6 DNS6 DOMAIN) N(TFC) N(NON_FIRST) …
//   Android:     IDi IDr CP(ADDR ADDR6 DNS DNS6) N(EAP_ONLY) N(MOBIKE) …
// (trailofbits/algo issue 9, libreswan issue 1450, AOSP's ike library, strongSwan's app.)
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { notify } from '../../src/ike/exchange.js';
import { formatAddress, formatPrefix } from '../../src/policy/address.js';
import type { Identification } from '../../src/policy/database.js';
import type { PlainPayload } from '../../src/wire/chain.js';
import { decodeHeader } from '../../src/wire/header.js';
import { N } from '../../src/wire/notifications.js';
import {
  CFG,
  CFG_REQUEST,
  CREATE_CHILD_SA,
  IKE_AUTH,
  INFORMATIONAL,
} from '../../src/wire/numbers.js';
import { entryOf, issue, storeOf } from '../certificates/pki.js';
import { BY_EAP, EAP_LOCAL } from './identities.js';
import { newWorld } from './connected.js';
import { address, type SiteOptions } from './databases.js';
import { ASKED, GIVEN, leasesOf, poolOf, RULES, TEMPLATE } from './given-addresses.js';
import { Insider } from './insider.js';
import type { World } from './world.js';

const quirks = suite('what clients put into IKE_AUTH');

const CA = issue({ cn: 'Lab CA', ca: true });
const GATEWAY = issue({ cn: 'west', san: 'DNS:west.example' }, CA);
const USERS = ['carol', 'dave'].map((name) => ({
  name,
  password: 'Ar3etTnp',
  certificate: undefined,
  address: undefined,
}));
const GIVING = { ...GIVEN, splitDns: ['corp.example'] };

function user(myId: Identification): SiteOptions {
  return {
    policies: 0,
    templates: [TEMPLATE],
    certificates: storeOf([entryOf('ca', CA, { trusted: true })]),
    identities: (shared) => [
      {
        ...shared,
        ...BY_EAP,
        myId,
        generatePolicy: RULES,
        modeConfig: ASKED,
      },
    ],
  };
}

const gateway: SiteOptions = {
  policies: 0,
  templates: [TEMPLATE],
  users: USERS,
  profile: { dpdInterval: 30 },
  certificates: storeOf([entryOf('own', GATEWAY, { own: true })]),
  identities: (shared) => [
    {
      ...shared,
      ...EAP_LOCAL,
      generatePolicy: RULES,
      modeConfig: GIVING,
    },
  ],
};

interface Client {
  readonly name: string;
  readonly id: Identification;
  /** Attributes it asks for, by number. */
  readonly asks: readonly number[];
  readonly initialContact: boolean;
  /** Hashes of CAs that it trusts, none of them ours; undefined: it sends no CERTREQ. */
  readonly authorities: number | undefined;
  /** Names us. */
  readonly idr: boolean;
  readonly notifies: readonly number[];
  /** As the gateway names it. */
  readonly shown: string;
}

const [SERVER4, SERVER6] = [23456, 23457]; // Microsoft's own
const ESP_TFC_PADDING_NOT_SUPPORTED = 16394;
const NON_FIRST_FRAGMENTS_ALSO = 16395;
const IKEV2_MESSAGE_ID_SYNC_SUPPORTED = 16420;
const MS_ERROR = 12345; // Microsoft's, of the range for private errors

const CLIENTS: readonly Client[] = [
  {
    name: 'Windows 10: an address of its network as identity, forty CAs, no INITIAL_CONTACT',
    id: { kind: 'address', address: address('192.168.1.23') },
    asks: [1, 3, 4, SERVER4, 8, 10, SERVER6],
    initialContact: false,
    authorities: 40,
    idr: false,
    notifies: [N.MOBIKE_SUPPORTED],
    shown: 'carol as address:192.168.1.23',
  },
  {
    name: 'iOS, macOS: no CERTREQ, and DHCP and DOMAIN asked for',
    id: { kind: 'fqdn', text: 'phone' },
    asks: [1, 6, 3, 2, 8, 12, 10, 25],
    initialContact: true,
    authorities: undefined,
    idr: true,
    notifies: [N.MOBIKE_SUPPORTED, ESP_TFC_PADDING_NOT_SUPPORTED, NON_FIRST_FRAGMENTS_ALSO],
    shown: 'carol as fqdn:phone',
  },
  {
    name: 'Android: a key-id, and EAP alone would do',
    id: { kind: 'key-id', data: new TextEncoder().encode('carol') },
    asks: [1, 8, 3, 10],
    initialContact: true,
    authorities: undefined,
    idr: true,
    notifies: [N.EAP_ONLY_AUTHENTICATION, N.MOBIKE_SUPPORTED],
    shown: 'key-id:carol',
  },
  {
    name: 'strongSwan for Android',
    id: { kind: 'user-fqdn', text: 'carol@example.org' },
    asks: [1, 8, 3, 10],
    initialContact: true,
    authorities: 1,
    idr: false,
    notifies: [
      ESP_TFC_PADDING_NOT_SUPPORTED,
      N.MOBIKE_SUPPORTED,
      N.NO_ADDITIONAL_ADDRESSES,
      N.EAP_ONLY_AUTHENTICATION,
      IKEV2_MESSAGE_ID_SYNC_SUPPORTED,
    ],
    shown: 'carol as user-fqdn:carol@example.org',
  },
  {
    name: 'attributes that nobody has heard of',
    id: { kind: 'fqdn', text: 'odd' },
    asks: [1, 7, 14, 16384, 28672, 32767],
    initialContact: true,
    authorities: 0,
    idr: false,
    notifies: [40961],
    shown: 'carol as fqdn:odd',
  },
];

/** The client's first IKE_AUTH, made of ours. */
function theirs(client: Client, ours: readonly PlainPayload[], world: World): PlainPayload[] {
  const of = (type: PlainPayload['type']): PlainPayload[] =>
    ours.filter((one) => one.type === type);
  const attributes = client.asks.map((type) => ({ type, value: new Uint8Array(0) }));
  const { authorities } = client;
  const request: PlainPayload[] =
    authorities === undefined
      ? []
      : [{ type: 'CERTREQ', encoding: 4, authorities: world.random.bytes(20 * authorities) }];
  const name = new TextEncoder().encode('west.example');
  return [
    ...of('IDi'),
    ...(client.initialContact ? [notify(N.INITIAL_CONTACT)] : []),
    ...request,
    ...(client.idr ? [{ type: 'IDr', idType: 2, data: name } as const] : []),
    { type: 'Configuration', configurationType: CFG_REQUEST, attributes },
    ...of('SA'),
    ...of('TSi'),
    ...of('TSr'),
    ...client.notifies.map((type) => notify(type)),
  ];
}

/** East calls west, saying what the client says. */
async function call(world: World, client: Client, start: () => Promise<unknown>): Promise<void> {
  world.captured.length = 0;
  world.secrets.length = 0;
  const sent: Promise<unknown>[] = [];
  world.filter = (from, datagram) => {
    const { exchangeType, messageId } = decodeHeader(datagram.bytes);
    // It says no goodbye.
    if (from === world.east && exchangeType === INFORMATIONAL) return false;
    if (from !== world.east || exchangeType !== IKE_AUTH || messageId !== 1) return true;
    // The clock does not wait for what is not on the link: our engine may send it again.
    if (sent.length > 0) return false;
    const { inner } = new Insider(world, world.east).open(datagram);
    const insider = new Insider(world, world.west);
    const message = insider.build({ exchangeType, messageId }, theirs(client, inner, world));
    sent.push(insider.send(message));
    return false;
  };
  await start();
  await world.run(500);
  await Promise.all(sent);
  await world.run(500);
  assert.is(sent.length, 1);
}

/** What west answered to the client's configuration request. */
function answered(world: World): number[] {
  const last = world.captured.filter(({ from }) => from === world.west).at(-1)!.datagram;
  const { inner } = new Insider(world, world.west).open(last);
  return inner.flatMap((one) =>
    one.type === 'Configuration' ? one.attributes.map(({ type }) => type) : [],
  );
}

/** Which attributes we may answer with: they are known to us, and mean what RFC 7296 says. */
const KNOWN: readonly number[] = Object.values(CFG);

function worldOf(client: Client): World {
  const leases = leasesOf(poolOf(9));
  const options = { east: user(client.id), west: gateway };
  return newWorld({ ...options, context: { west: { leases } } });
}

for (const client of CLIENTS) {
  quirks(client.name, async () => {
    const world = worldOf(client);
    await call(world, client, () => world.east.carry(world.east.engine.start()));
    assert.equal(world.west.complaints(), []);
    const [row] = world.west.established;
    assert.equal([row?.id, row?.user], [client.shown, 'carol'], world.east.complaints().join('; '));
    const given = client.asks.includes(8) ? ['10.9.0.1', '2001:db8:9::1'] : ['10.9.0.1'];
    assert.is(row?.['dynamic-address'], given.join());
    const [received] = world.east.received.values();
    assert.equal(received?.addresses.map(formatAddress), given);
    // One child for all of it, of the addresses alone.
    assert.is(world.west.children.size, 1);
    assert.equal(
      [...world.west.made.values()].map(({ dst }) => formatPrefix(dst)),
      given.map((text) => `${text}/${text.includes(':') ? 128 : 32}`),
    );
    assert.ok(answered(world).every((type) => KNOWN.includes(type)));
    assert.ok(answered(world).includes(CFG.INTERNAL_IP4_DNS));
    world.checkMirrored();
  });
}

quirks(
  'Windows vanishes and calls again without INITIAL_CONTACT: in at once, the old one goes',
  async () => {
    const [windows] = CLIENTS as [Client];
    const world = worldOf(windows);
    await call(world, windows, () => world.east.carry(world.east.engine.start()));
    const old = BigInt(`0x${world.west.established[0]!.spii}`);
    // Switched off, and on again.
    world.filter = () => false;
    await world.east.carry(world.east.engine.killConnections());
    await world.run(1);
    await call(world, windows, async () => {
      for (let i = 0; i < 50 && world.west.peers.length < 2; i++) await world.run(100);
    });
    // What east still says under the old IKE SA, and no client would, is lost.
    world.filter = (_from, { bytes }) => decodeHeader(bytes).spiInitiator !== old;
    const rows = world.west.established;
    assert.equal(
      rows.map((row) => row['dynamic-address']),
      ['10.9.0.1,2001:db8:9::1', '10.9.0.2,2001:db8:9::2'],
      'nobody has the address of one who may still be there',
    );
    await world.run(300_000);
    const left = world.west.established.map((row) => row['dynamic-address']);
    assert.equal(left, ['10.9.0.2,2001:db8:9::2']);
    assert.match(world.west.complaints().join(), /dead|does not answer/);
    world.checkMirrored();
  },
);

/** The same site, whose children live for so many seconds. */
const living = (site: SiteOptions, lifetime: number): SiteOptions => {
  const lived = { ...TEMPLATE, proposal: { ...TEMPLATE.proposal, lifetime } };
  return { ...site, templates: [lived] };
};

quirks(
  'a client refuses our replacement of an SA by an error of its own: the SA stays, and its own comes',
  async () => {
    const [windows] = CLIENTS as [Client];
    const leases = leasesOf(poolOf(9));
    const world = newWorld({
      east: living(user(windows.id), 1200),
      west: living(gateway, 1100),
      context: { west: { leases } },
    });
    await call(world, windows, () => world.east.carry(world.east.engine.start()));
    const [first] = world.west.children.keys();
    const refused = new Set<number>();
    const sent: Promise<unknown>[] = [];
    // East has answered something else under that number: it takes no part in what we ask for.
    world.filter = (from, datagram) => {
      const { exchangeType, messageId, flags } = decodeHeader(datagram.bytes);
      if (from === world.east) return !(flags.response && refused.has(messageId));
      if (exchangeType !== CREATE_CHILD_SA || flags.response) return true;
      refused.add(messageId);
      const [toWest, toEast] = [new Insider(world, world.west), new Insider(world, world.east)];
      const nothing = toEast.build({ exchangeType: INFORMATIONAL, messageId }, []);
      const answer = { exchangeType, messageId, response: true };
      sent.push(toEast.send(nothing), toWest.send(toWest.build(answer, [notify(MS_ERROR)])));
      return false;
    };
    for (let at = 0; at < 3000 && !world.west.history[1]; at += 10) {
      await world.run(10_000);
      assert.ok(world.west.children.size > 0, `nothing carries after ${at} s`);
    }
    await Promise.all(sent);
    assert.ok(refused.size > 0, 'west has asked first');
    assert.match(world.west.complaints().join(), /peer answers .*12345.* to the replacement of/);
    const [, second] = world.west.history;
    assert.is(second?.replaces, first, 'the client’s own');
    await world.run(1000);
    assert.is(world.west.children.size, 1);
    world.checkMirrored();
  },
);

quirks.run();
