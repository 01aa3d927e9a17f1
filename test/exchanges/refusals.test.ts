// Who is refused, and how: of each case the notification as it is on the wire, that nothing is installed
// at either end, and a line of the log that names the cause.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { issueCrl } from '../../src/certificates/author.js';
import type { LoadedEntry } from '../../src/certificates/files.js';
import { revocationCheck } from '../../src/certificates/revocation.js';
import type { RevocationCheck } from '../../src/certificates/store.js';
import type {
  EapIdentity,
  GivenConfig,
  SharedKeyIdentity,
  SignatureIdentity,
  Template,
} from '../../src/policy/database.js';
import { Leases } from '../../src/policy/leases.js';
import { decodeMessage } from '../../src/wire/message.js';
import { N, notifyName } from '../../src/wire/notifications.js';
import { IKE_AUTH, IKE_SA_INIT } from '../../src/wire/numbers.js';
import type { PlainPayload } from '../../src/wire/chain.js';
import { entryOf, type Holder, issue, type Plan, serialOf, storeOf } from '../certificates/pki.js';
import { GIVEN, RULES } from './given-addresses.js';
import { BY_CERTIFICATE, BY_EAP, CAROL, EAP_LOCAL } from './identities.js';
import { newWorld } from './connected.js';
import { address, databases, type SiteOptions } from './databases.js';
import { Insider } from './insider.js';
import type { Site } from './site.js';
import type { World, WorldOptions } from './world.js';

const refusals = suite('refusals');

interface Refusal {
  readonly name: string;
  readonly world: WorldOptions;
  /** Who says no. */
  readonly by: 'east' | 'west';
  readonly told: number;
  readonly data?: readonly number[];
  readonly why: RegExp;
  /** Only the child is refused. */
  readonly stands?: true;
}

/** Error notifications that this end has sent, opened with its keys. */
function sentBy(world: World, site: Site): { type: number; data: number[] }[] {
  return world.captured
    .filter(({ from }) => from === site)
    .flatMap(({ datagram }) => {
      const { header, payloads } = decodeMessage(datagram.bytes);
      const plain = header.exchangeType === IKE_SA_INIT;
      return plain ? payloads : new Insider(world, site).open(datagram).inner;
    })
    .flatMap((one) =>
      one.type === 'Notify' && one.notifyType < N.INITIAL_CONTACT
        ? [{ type: one.notifyType, data: [...one.data] }]
        : [],
    );
}

// ---- the cases -------------------------------------------------------------------------------------

function table(): readonly Refusal[] {
  return [...PROPOSALS, ...secrets(), ...certificates(), ...users(), ...children()];
}

const bytes = (word: string): Uint8Array => new TextEncoder().encode(word);
const fqdn = (text: string) => ({ kind: 'fqdn', text }) as const;
const FAILED = N.AUTHENTICATION_FAILED;

const PROPOSALS: readonly Refusal[] = [
  {
    name: 'no cipher in common',
    world: { east: { profile: { encAlgorithm: ['aes-256'] } } },
    by: 'west',
    told: N.NO_PROPOSAL_CHOSEN,
    why: /peer offers aes-256.*profile 'default' allows aes-128-gcm/,
  },
  {
    name: 'no group in common',
    world: { east: { profile: { dhGroup: ['modp2048'] } } },
    by: 'west',
    told: N.NO_PROPOSAL_CHOSEN,
    why: /no common key exchange group: peer offers modp2048; we allow x25519/,
  },
];

function secrets(): Refusal[] {
  const secret = (name: string, identity: Partial<SharedKeyIdentity>, why: RegExp) =>
    ({ name, world: { east: { identity } }, by: 'west', told: FAILED, why }) as const;
  const another: Partial<SharedKeyIdentity> = { secret: bytes('another') };
  const byAddress = { kind: 'auto' } as const;
  return [
    secret('another secret', another, /secret of peer fqdn:east.example is not the one of/),
    secret('another name', { myId: fqdn('south.example') }, /expects fqdn:east.example/),
    secret('another kind of name', { myId: byAddress }, /says it is address:192.0.2.1; .* expects/),
    secret(
      'wants another',
      { remoteId: fqdn('x.example') },
      /reach fqdn:x.example, which no my-id/,
    ),
    {
      name: 'a responder that is another',
      world: { west: { identity: { myId: byAddress } } },
      by: 'east',
      told: FAILED,
      why: /says it is address:192.0.2.2; .* expects fqdn:west.example/,
    },
  ];
}

// ---- certificates ----------------------------------------------------------------------------------

const CA = issue({ cn: 'Lab CA', ca: true, until: 9 });
const BETWEEN = issue({ cn: 'Between', ca: true, pathLength: 0 }, CA);
const STRANGER = issue({ cn: 'Stranger', ca: true });
const planOf = (side: string, plan: Partial<Plan> = {}): Plan => ({
  cn: side,
  san: `DNS:${side}.example`,
  ...plan,
});

interface Signer {
  readonly holder?: Holder;
  readonly entries?: readonly LoadedEntry[];
  readonly identity?: Partial<SignatureIdentity>;
  readonly check?: RevocationCheck;
}

function signer(side: 'east' | 'west', { holder, entries = [], identity, check }: Signer) {
  const own = entryOf('own', holder ?? issue(planOf(side), CA), { own: true });
  const ca = entryOf('ca', CA, { trusted: true });
  const options: SiteOptions = {
    certificates: storeOf([own, ca, ...entries], check),
    identities: (shared) => [
      {
        ...shared,
        ...BY_CERTIFICATE,
        ...identity,
      },
    ],
  };
  return options;
}

function certificates(): Refusal[] {
  const under = issue({ cn: 'Under', ca: true }, BETWEEN);
  const narrow = issue(
    {
      cn: 'Narrow',
      ca: true,
      extensions: [['nameConstraints', 'critical,permitted;DNS:x.example']],
    },
    CA,
  );
  const noSigner = issue({ cn: 'No CA' }, CA);
  const thief = { ...issue(planOf('east'), CA), privateKey: STRANGER.privateKey };
  const coding = [['extendedKeyUsage', 'codeSigning']] as const;
  const bad = (plan: Partial<Plan>, issuer = CA): Signer => ({
    holder: issue(planOf('east', plan), issuer),
  });
  const through = (...chain: Holder[]): Signer => ({
    holder: issue(planOf('east'), chain[0]!),
    entries: chain.map((one, at) => entryOf(`chain ${at}`, one)),
  });
  const cases: readonly [string, Signer, RegExp][] = [
    ['expired', bad({ from: -9, until: -1 }), /CN=east.*has expired \(on/],
    ['not yet valid', bad({ from: 1, until: 2 }), /CN=east.*not yet valid \(before/],
    ['of an unknown CA', bad({}, STRANGER), /CN=east.*no CA that is trusted here vouches/],
    ['of a CA that it does not send', bad({}, BETWEEN), /CN=east.*no CA that is trusted here/],
    ['of a leaf', through(noSigner), /CN=No CA.*invalid CA|CN=east.*issuer/],
    ['too far down', through(under, BETWEEN), /path length constraint exceeded/],
    ['outside of its CA', through(narrow), /permitted subtree violation/],
    ['for other names', bad({ san: 'DNS:south.example' }), /is for fqdn:south.example/],
    ['for enciphering', bad({ usage: 'keyEncipherment' }), /neither digitalSignature nor nonRep/],
    ['for code', bad({ extensions: coding }), /extended key usage .* not for IKE/],
    ['not its own', { holder: thief }, /signature .* is not one of .*CN=east/],
  ];
  const revoked = issue(planOf('east'), CA);
  const now = Date.now();
  const plan = { number: 1, thisUpdate: now - 1000, nextUpdate: now + 3_600_000 };
  const crl = issueCrl({ ...plan, revoked: [{ serial: serialOf(revoked), at: now }] }, CA);
  const check = (policy: 'strict' | 'if-present') =>
    revocationCheck({
      policy: () => policy,
      now: Date.now,
      fetch: () => Promise.reject(new Error('nobody is there')),
    });
  const crls = { entries: [{ ...entryOf('crls', CA), crls: [crl] }], check: check('if-present') };
  const strict = { check: check('strict') };
  const pinned = {
    entries: [entryOf('theirs', STRANGER)],
    identity: { remoteCertificate: 'theirs', matchBy: 'certificate' },
  } as const;
  const named = { identity: { myId: fqdn('east.example') } };
  const refusal = (name: string, east: Signer, west: Signer, why: RegExp): Refusal => ({
    name: `a certificate ${name}`,
    world: { east: signer('east', { ...named, ...east }), west: signer('west', west) },
    by: 'west',
    told: FAILED,
    why,
  });
  return [
    ...cases.map(([name, east, why]) => refusal(name, east, {}, why)),
    refusal('that is revoked', { holder: revoked }, crls, /CN=east.*: revoked/),
    refusal('of unknown standing', {}, strict, /CN=east.*not known: it names no CRL/),
    refusal('other than the one named', {}, pinned, /expects its certificate/),
    // What the responder shows is judged by the same rules.
    ...(['expired', 'unknown'] as const).map((what): Refusal => {
      const holder =
        what === 'expired'
          ? issue(planOf('west', { from: -9, until: -1 }), CA)
          : issue(planOf('west'), STRANGER);
      return {
        ...refusal(`${what}, of a responder`, {}, { holder }, /CN=west.*(expired|no CA that is)/),
        by: 'east',
      };
    }),
  ];
}

// ---- users -----------------------------------------------------------------------------------------

function users(): Refusal[] {
  const trusted = entryOf('ca', CA, { trusted: true });
  const user = (
    name: string,
    identity: Partial<EapIdentity>,
    gateway: Holder,
    refused: Pick<Refusal, 'by' | 'why'>,
  ): Refusal => ({
    name,
    told: FAILED,
    ...refused,
    world: {
      east: {
        certificates: storeOf([trusted]),
        identities: (shared) => [
          {
            ...shared,
            ...BY_EAP,
            ...identity,
          },
        ],
      },
      west: {
        users: [CAROL],
        certificates: storeOf([entryOf('own', gateway, { own: true }), trusted]),
        identities: (shared) => [
          {
            ...shared,
            ...EAP_LOCAL,
          },
        ],
      },
    },
  });
  const gateway = issue(planOf('west'), CA);
  const impostor = issue(planOf('west'), STRANGER);
  const wrong = { by: 'west', why: /peer fqdn:east.example is not let in: .*carol/ } as const;
  const nobody = { by: 'west', why: /is not let in: .*mallory/ } as const;
  const unknown = { by: 'east', why: /CN=west.*no CA that is trusted here/ } as const;
  const noMethod = { by: 'west', why: /is not let in: .*method/ } as const;
  return [
    user('a wrong password', { password: 'another' }, gateway, wrong),
    user('a user that is none', { username: 'mallory' }, gateway, nobody),
    user('no method in common', { eapMethods: ['eap-ttls'] }, gateway, noMethod),
    user('a gateway that nobody vouches for', {}, impostor, unknown),
  ];
}

// ---- children --------------------------------------------------------------------------------------

const GIVING: GivenConfig = { ...GIVEN, prefixLength: undefined, dns: [] };

function children(): Refusal[] {
  const [pattern] = databases('west').policies;
  const all = { address: address('0.0.0.0'), bits: 0 };
  const place = { id: 50, place: 50, src: all, dst: all };
  const template: Template = { ...pattern!, ...place, peer: undefined, group: 'default' };
  const child = (name: string, told: number, world: WorldOptions, why: RegExp): Refusal => ({
    name: `a child ${name}`,
    world,
    by: 'west',
    told,
    why,
    stands: true,
  });
  const range = { start: address('10.9.0.1'), end: address('10.9.0.1') };
  const leases = new Leases([{ name: 'rw', ranges: [range], next: undefined }], [], () => {});
  leases.take({ pool: 'rw', family: 4, identity: 'somebody', wanted: undefined });
  const generate = { policies: 0, templates: [template] };
  const asked = {
    role: 'initiator',
    name: 'request-only',
    dns: 'no',
    resolvConf: undefined,
    sources: undefined,
    mark: undefined,
  } as const;
  const exhausted = child(
    'for whom no address is left',
    N.INTERNAL_ADDRESS_FAILURE,
    {
      east: { ...generate, identity: { generatePolicy: RULES, modeConfig: asked } },
      west: { ...generate, identity: { generatePolicy: RULES, modeConfig: GIVING } },
      context: { west: { leases } },
    },
    /pool/,
  );
  return [
    child(
      'of other algorithms',
      N.NO_PROPOSAL_CHOSEN,
      { east: { proposal: { encAlgorithms: ['aes-256-gcm'] } } },
      /no CHILD_SA: peer offers aes-256-gcm.*allows aes-128-gcm/,
    ),
    child(
      'for other networks',
      N.TS_UNACCEPTABLE,
      { west: { policies: 0 } },
      /peer asks for 198\.19\.0\.0-198\.19\.0\.255 here/,
    ),
    child(
      'with IKE_AUTH',
      N.NO_ADDITIONAL_SAS,
      { west: { peer: { childless: 'force' } } },
      /childless=force takes none there/,
    ),
    // Without an address the client has no use for the IKE SA, and ends it.
    (({ stands: _, ...rest }) => rest)(exhausted),
    child(
      'of who asks for no address',
      N.FAILED_CP_REQUIRED,
      {
        west: { ...generate, identity: { generatePolicy: RULES, modeConfig: GIVING } },
        context: { west: { leases } },
      },
      /address/,
    ),
  ];
}

for (const { name, world: options, by, told, data = [], why, stands } of table()) {
  refusals(`${name}: ${notifyName(told)} by ${by}`, async () => {
    const world = newWorld(options);
    await world.east.carry(world.east.engine.start());
    await world.run();
    const sent = sentBy(world, world[by]);
    assert.equal(sent[0], { type: told, data: [...data] });
    for (const site of world.sites) {
      assert.is(site.children.size, 0, site.name);
      // Whoever is refused by an initiator had been let in by the responder before.
      if (by === 'west') assert.is(site.history.length, 0, `${site.name} had one`);
      assert.is(site.established.length, stands ? 1 : 0, site.name);
      assert.equal(site.made.size, 0);
    }
    assert.match(world[by].complaints().join('\n'), why);
    // The other end is told the name, and what to look at.
    const heard = world[by === 'east' ? 'west' : 'east'].complaints().join('\n');
    assert.match(
      heard,
      new RegExp(`${notifyName(told)}|does not (accept our|believe our)|let us in`),
    );
  });
}

// ---- messages that are none ------------------------------------------------------------------------

/** A payload of a type that nobody knows before all others, marked critical. */
function insisting(message: Uint8Array): Uint8Array {
  const first = message[16]!;
  const bytes = Uint8Array.of(...message.slice(0, 28), first, 0x80, 0, 5, 7, ...message.slice(28));
  bytes[16] = 200;
  new DataView(bytes.buffer).setUint32(24, bytes.length);
  return bytes;
}

refusals('IKE_SA_INIT with an unknown critical payload: its number is told (§2.5)', async () => {
  const world = newWorld();
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  const { datagram } = world.held[0]!;
  const bytes = insisting(datagram.bytes);
  await world.west.carry(world.west.engine.receive({ ...datagram, bytes }));
  assert.equal(sentBy(world, world.west), [{ type: N.UNSUPPORTED_CRITICAL_PAYLOAD, data: [200] }]);
  assert.is(world.west.peers.length, 0);
  assert.match(world.west.complaints().join(), /IKE_SA_INIT is refused: .*200.*; the peer insists/);
  // In any later message nobody vouches for what stands outside of SK.
  world.release();
  world.filter = (from) => from === world.west;
  await world.run(100);
  const auth = world.captured.filter(({ from }) => from === world.east).at(-1)!.datagram;
  const arriving = { local: auth.remote, remote: auth.local, bytes: insisting(auth.bytes) };
  await world.west.carry(world.west.engine.receive(arriving));
  assert.is(world.captured.at(-1)!.datagram, auth, 'an answer');
});

/** West after its answer to IKE_SA_INIT; we play east from here on. */
async function halfOpen(): Promise<{ world: World; peer: Insider }> {
  const world = newWorld();
  world.filter = (from, { bytes }) => from === world.west || bytes[18] === IKE_SA_INIT;
  await world.east.carry(world.east.engine.start());
  await world.run(10);
  return { world, peer: new Insider(world, world.west) };
}

for (const [name, payloads, told, why] of [
  [
    'two identities',
    [1, 2].map(() => ({ type: 'IDi', idType: 2, data: bytes('east.example') }) as const),
    N.INVALID_SYNTAX,
    /IDi payload twice/,
  ],
  [
    'an identity of no kind',
    [
      { type: 'IDi', idType: 199, data: bytes('east.example') },
      { type: 'AUTH', method: 2, data: new Uint8Array(32) },
    ],
    N.AUTHENTICATION_FAILED,
    /says it is type 199 of 12 bytes; .* expects fqdn:east.example/,
  ],
  [
    'a method of no kind',
    [
      { type: 'IDi', idType: 2, data: bytes('east.example') },
      { type: 'AUTH', method: 99, data: new Uint8Array(32) },
    ],
    N.AUTHENTICATION_FAILED,
    /signature \(method 99\); auth-method of its identity is pre-shared-key/,
  ],
] as readonly [string, PlainPayload[], number, RegExp][]) {
  refusals(`IKE_AUTH with ${name}: ${notifyName(told)}`, async () => {
    const { world, peer } = await halfOpen();
    await peer.send(peer.build({ exchangeType: IKE_AUTH, messageId: 1 }, payloads));
    assert.equal(sentBy(world, world.west), [{ type: told, data: [] }]);
    assert.is(world.west.established.length + world.west.children.size, 0);
    assert.match(world.west.complaints().join('\n'), why);
    await world.run(40_000);
    assert.is(world.west.peers.length, 0, 'nothing is left of it');
  });
}

refusals('IKE_AUTH with an unknown critical payload inside: its number is told', async () => {
  const { world, peer } = await halfOpen();
  const chain = Uint8Array.of(200, 0, 0, 4, 0, 0x80, 0, 4);
  const vendor: PlainPayload = { type: 'Vendor', data: new Uint8Array(0) };
  const request = { exchangeType: IKE_AUTH, messageId: 1 };
  await peer.send(peer.build(request, [vendor], chain));
  assert.equal(sentBy(world, world.west), [{ type: N.UNSUPPORTED_CRITICAL_PAYLOAD, data: [200] }]);
  assert.is(world.west.established.length + world.west.children.size, 0);
  assert.match(world.west.complaints().join('\n'), /200.*; the peer insists on an extension/);
});

refusals.run();
