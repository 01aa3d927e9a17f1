// EAP between two engines: a user of the menu logs in by password or by certificate, the gateway shows
// its certificate, and the key that the method made is what both vouch with.
//
//   HDR, SK {IDi, CERTREQ, SAi2, TSi, TSr}  -->
//                                           <--  HDR, SK {IDr, CERT, AUTH, EAP}
//   HDR, SK {EAP}                           -->
//                                           <--  HDR, SK {EAP (Success)}
//   HDR, SK {AUTH}                          -->
//                                           <--  HDR, SK {AUTH, SAr2, TSi, TSr}
// Shows identity.username, identity.password, user.name, user.password, user.certificate,
// user.address
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Conversation, Verdict } from '../../src/eap/authenticator.js';
import { LocalConversation } from '../../src/eap/local.js';
import { MschapServer } from '../../src/eap/mschapv2.js';
import { encodeEap } from '../../src/eap/packet.js';
import { TlsServer } from '../../src/eap/tls-server.js';
import { issueCrl } from '../../src/certificates/author.js';
import { type RevocationPolicy, revocationCheck } from '../../src/certificates/revocation.js';
import type { RevocationCheck } from '../../src/certificates/store.js';
import { type LoadedEntry, toPem } from '../../src/certificates/files.js';
import type {
  AskedConfig,
  EapIdentity,
  EapLocalIdentity,
  GivenConfig,
  Identity,
  User,
} from '../../src/policy/database.js';
import { entryOf, type Holder, issue, serialOf, storeOf } from '../certificates/pki.js';
import { randomOf } from '../eap/pair.js';
import { BY_EAP, EAP_LOCAL } from './identities.js';
import { newWorld } from './connected.js';
import { address, databases, type SiteOptions } from './databases.js';
import type { World, WorldOptions } from './world.js';

const methods = suite('EAP methods in IKE');

const CA = issue({ cn: 'Lab CA', ca: true, until: 9 });
const STRANGER = issue({ cn: 'Other CA', ca: true });
const usage = (side: string) => [['extendedKeyUsage', `${side}Auth`]] as const;
const GATEWAY = issue({ cn: 'west', san: 'DNS:west.example', extensions: usage('server') }, CA);
const CAROL = issue({ cn: 'carol', san: 'DNS:carol.example', extensions: usage('client') }, CA);
const DAVE = issue({ cn: 'Dave D.', san: 'email:dave@example' }, CA);
const USERS: readonly User[] = [
  {
    name: 'carol',
    password: 'Ar3etTnp',
    certificate: undefined,
    address: address('203.0.113.77'),
  },
  { name: 'dave@example', password: '', certificate: undefined, address: undefined },
  { name: 'erin', password: '', certificate: 'erin', address: undefined },
];

interface Caller {
  readonly holder?: Holder;
  readonly entries?: readonly LoadedEntry[];
  readonly identity?: Partial<EapIdentity>;
  readonly policies?: number;
}

const trusted = entryOf('ca', CA, { trusted: true });

function caller({ holder, entries, identity, policies = 1 }: Caller = {}): SiteOptions {
  const own = holder ? [entryOf('own', holder, { own: true })] : [];
  return {
    policies,
    certificates: storeOf([...(entries ?? [trusted]), ...own]),
    identities: (shared) => [
      {
        ...shared,
        ...BY_EAP,
        certificate: holder ? ['own'] : [],
        ...identity,
      },
    ],
  };
}

function gateway(identity: Partial<EapLocalIdentity> = {}, holder = GATEWAY): SiteOptions {
  return {
    users: USERS,
    certificates: storeOf([entryOf('own', holder, { own: true }), trusted, entryOf('erin', DAVE)]),
    identities: (shared) => [
      {
        ...shared,
        ...EAP_LOCAL,
        eapMethods: ['eap-tls', 'eap-mschapv2'],
        ...identity,
      },
    ],
  };
}

async function meet(east: SiteOptions, west: SiteOptions, more: WorldOptions = {}): Promise<World> {
  const world = newWorld({ east, west, ...more });
  await world.east.carry(world.east.engine.start());
  await world.run();
  return world;
}

function letIn(world: World, user: string): void {
  const said = world.sites.flatMap((site) => site.complaints()).join('; ');
  assert.is(world.west.established[0]?.id, user, said);
  world.checkSettled();
  assert.equal(world.west.complaints(), []);
}

function refused(world: World, east: RegExp, west: RegExp): void {
  assert.is(world.east.children.size + world.west.children.size, 0);
  assert.is(world.east.established.length + world.west.established.length, 0);
  assert.match(world.east.complaints().join('\n'), east);
  assert.match(world.west.complaints().join('\n'), west);
  assert.not.match(JSON.stringify([world.east.events, world.west.events]), /Ar3etTn/);
}

const byRadius: SiteOptions['identities'] = (shared) => [
  {
    ...shared,
    remoteId: { kind: 'auto' },
    authMethod: 'eap-radius',
    certificate: ['own'],
    rsaPadding: 'pkcs1',
  },
];

const SUCCESS = encodeEap({ code: 3, identifier: 1 });
const REQUEST: Verdict = {
  kind: 'request',
  packet: encodeEap({ code: 1, identifier: 1, type: 1, data: new Uint8Array(0) }),
};

/** Speaks EAP-MSCHAPv2 well, and hands out a key that is not its. */
function wrongKey(): Conversation {
  const carol = { name: 'carol', password: 'Ar3etTnp' };
  const make = () => new MschapServer(carol, 'carol', randomOf(5));
  const inner = new LocalConversation([{ type: 26, make }], 7);
  const change = (verdict: Verdict): Verdict =>
    verdict.kind === 'success' ? { ...verdict, msk: new Uint8Array(64).fill(9) } : verdict;
  return {
    begin: async () => change(await inner.begin()),
    answer: async (said) => change(await inner.answer(said)),
    close: () => inner.close(),
  };
}

const by = (name: string) => ({ eapMethods: [name] });

methods('eap-mschapv2: the user is named, whatever it says to IKE', async () => {
  letIn(await meet(caller(), gateway(by('eap-mschapv2'))), 'carol as fqdn:east.example');
});

methods('eap-mschapv2, and no child before the IKE SA stands (RFC 6023)', async () => {
  const east: SiteOptions = { ...caller(), peer: { childless: 'force' } };
  const world = await meet(east, gateway(by('eap-mschapv2')));
  letIn(world, 'carol as fqdn:east.example');
  assert.ok(world.log.some((line) => line.startsWith('east: CREATE_CHILD_SA request')));
});

methods('eap-mschapv2: wrong password, unknown user', async () => {
  const wrong = { identity: { password: 'Ar3etTnq' } };
  const denied = /does not let us in: wrong user name or password/;
  refused(await meet(caller(wrong), gateway()), denied, /user carol: wrong password/);
  const unknown = { identity: { username: 'mallory' } };
  refused(await meet(caller(unknown), gateway()), denied, /user mallory: no such user/);
  // Who has only a certificate cannot come with an empty password.
  const empty = { identity: { username: 'erin', password: '' } };
  refused(await meet(caller(empty), gateway()), denied, /user erin: no such user/);
});

methods(
  'eap-tls: a certificate with the user’s name as common name or alternative name',
  async () => {
    const carol = caller({ holder: CAROL, identity: by('eap-tls') });
    letIn(await meet(carol, gateway()), 'carol as fqdn:east.example');
    const dave = caller({
      holder: DAVE,
      identity: { ...by('eap-tls'), username: '', myId: { kind: 'auto' } },
    });
    // erin has the same certificate by name; what is claimed decides.
    letIn(await meet(dave, gateway({ remoteId: { kind: 'auto' } })), 'user-fqdn:dave@example');
    const erin = caller({ holder: DAVE, identity: { ...by('eap-tls'), username: 'erin' } });
    letIn(await meet(erin, gateway()), 'erin as fqdn:east.example');
  },
);

methods(
  'eap-tls: another user’s certificate, a stranger’s, none, a server’s, a revoked one',
  async () => {
    const tls = { ...by('eap-tls'), username: 'carol' };
    const failure = /does not let us in: the server refuses by eap-tls/;
    const stolen = caller({ holder: DAVE, identity: tls });
    refused(
      await meet(stolen, gateway()),
      failure,
      /certificate is of O=Lab, CN=Dave D., not of this/,
    );
    const stranger = issue({ cn: 'carol' }, STRANGER);
    refused(
      await meet(caller({ holder: stranger, identity: tls }), gateway()),
      failure,
      /user carol: the certificate is not to be trusted: .*CN=carol/,
    );
    refused(await meet(caller({ identity: tls }), gateway()), failure, /it shows no certificate/);
    const server = issue({ cn: 'carol', extensions: usage('server') }, CA);
    refused(
      await meet(caller({ holder: server, identity: tls }), gateway()),
      failure,
      /usage of CN=carol, O=Lab is not for a TLS client|usage of O=Lab, CN=carol/,
    );
    const nobody = issue({ cn: 'frank' }, CA);
    const frank = caller({ holder: nobody, identity: { ...tls, username: 'frank' } });
    refused(
      await meet(frank, gateway()),
      failure,
      /no user has the certificate of O=Lab, CN=frank/,
    );
  },
);

methods('a certificate that cannot be read keeps out its own user, and no other', async () => {
  const entries = [entryOf('own', GATEWAY, { own: true }), trusted];
  const lame = { ...gateway(), certificates: storeOf(entries) };
  const carol = caller({ holder: CAROL, identity: by('eap-tls') });
  const world = await meet(carol, lame);
  assert.is(world.west.established[0]?.user, 'carol');
  const told = /user erin cannot log in by it: certificate 'erin': there is none of that name/;
  assert.match(world.west.complaints().join(), told);
  const erin = caller({ holder: DAVE, identity: { ...by('eap-tls'), username: 'erin' } });
  refused(await meet(erin, lame), /the server refuses by eap-tls/, /not of this user/);
});

methods('a Nak finds the method both have; where there is none both name theirs', async () => {
  const both = caller({ identity: by('eap-mschapv2') });
  letIn(await meet(both, gateway()), 'carol as fqdn:east.example');
  refused(
    await meet(both, gateway(by('eap-tls'))),
    /speaks none of our eap-methods \(eap-mschapv2\)/,
    /the user wants eap-mschapv2; eap-methods has eap-tls/,
  );
});

methods('a gateway whose certificate is not trusted hears neither name nor password', async () => {
  const foreign = issue({ cn: 'west', san: 'DNS:west.example' }, STRANGER);
  const world = await meet(caller(), gateway({}, foreign));
  refused(world, /CN=west/, /breaks off EAP|AUTHENTICATION_FAILED/);
  const names = ['carol', 'Ar3etTnp'].map((text) => Buffer.from(text));
  for (const { datagram } of world.captured) {
    assert.not.ok(names.some((name) => Buffer.from(datagram.bytes).includes(name)));
  }
  const other = caller({ identity: { remoteId: { kind: 'fqdn', text: 'north.example' } } });
  const elsewhere = await meet(other, gateway());
  assert.is(elsewhere.west.established.length, 0);
});

const AAA = issue({ cn: 'aaa', san: 'DNS:aaa.example', extensions: usage('server') }, CA);
const CLIENT = issue({ cn: 'aaa', san: 'DNS:aaa.example', extensions: usage('client') }, CA);
const EXPIRED = issue({ cn: 'aaa', san: 'DNS:aaa.example', from: -2, until: -1 }, CA);
const FOREIGN = issue({ cn: 'aaa', san: 'DNS:aaa.example' }, STRANGER);

/** A gateway behind which an EAP server shows this certificate; it shows its own, or none. */
function behind(server: Holder, alone: boolean): [SiteOptions, WorldOptions] {
  const tls = {
    certificate: toPem('CERTIFICATE', server.certificate),
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  const judge = async () => undefined;
  const make = () => new TlsServer({ identity: tls, judge }, () => ({ user: 'carol' }));
  const authenticate = () => new LocalConversation([{ type: 13, make }], 7);
  const identities: SiteOptions['identities'] = (shared) =>
    byRadius!(shared).map((one) => ({ ...one, certificate: alone ? [] : ['own'] }) as Identity);
  return [{ ...gateway(), identities }, { context: { west: { authenticate } } }];
}

const NAMED: readonly [string, Holder, boolean, readonly string[], RegExp | undefined][] = [
  ['no name is wanted', AAA, false, [], undefined],
  ['the name', AAA, false, ['AAA.example.'], undefined],
  ['one of the names', AAA, false, ['bbb.example', 'aaa.example'], undefined],
  ['another name', AAA, false, ['bbb.example'], /eap-server-name is bbb.*for fqdn:aaa.example/],
  ['its common name alone', AAA, false, ['aaa'], /eap-server-name is aaa; its certificate is/],
  ['a client’s certificate', CLIENT, false, ['aaa.example'], /is not for a TLS server/],
  ['an expired one', EXPIRED, false, ['aaa.example'], /expired/],
  ['one of another CA', FOREIGN, false, ['aaa.example'], /not to be trusted: .*CN=aaa/],
  ['alone, vouching for the gateway', GATEWAY, true, [], undefined],
  ['alone, vouching for another', AAA, true, [], /it says it is fqdn:west.*for fqdn:aaa.example/],
  ['alone, under its own name', AAA, true, ['aaa.example'], undefined],
  ['alone, and the name is another', GATEWAY, true, ['aaa.example'], /eap-server-name is aaa/],
];

for (const [name, server, alone, serverNames, wrong] of NAMED) {
  methods(`the certificate of the EAP server: ${name}`, async () => {
    const identity = { ...by('eap-tls'), serverNames, outerIdentity: '@example' };
    const world = await meet(caller({ holder: CAROL, identity }), ...behind(server, alone));
    if (wrong) refused(world, wrong, /breaks off EAP|AUTHENTICATION_FAILED/);
    else letIn(world, 'carol as fqdn:east.example');
  });
}

type Mode = RevocationPolicy;
/** Nobody answers: what is known is in CRLs that were loaded. */
const checkBy = (mode: Mode): RevocationCheck =>
  revocationCheck({
    policy: () => mode,
    now: Date.now,
    fetch: () => Promise.reject(new Error('nobody answers')),
  });
const crlOf = (...revoked: readonly Holder[]): Uint8Array => {
  const now = Date.now();
  const list = revoked.map((holder) => ({ serial: serialOf(holder), at: now - 60_000 }));
  const plan = { number: 1, thisUpdate: now - 30_000, nextUpdate: now + 3_600_000 };
  return issueCrl({ ...plan, revoked: list }, CA);
};
const NAMES_A_CRL = issue(
  {
    cn: 'carol',
    extensions: [['crlDistributionPoints', 'URI:http://198.51.100.9/ca.crl'], ...usage('client')],
  },
  CA,
);
const REVOKED = /certificate .*CN=carol.*: revoked/;
const UNKNOWN = /whether it was revoked is not known/;

/** The mode, the user's certificate, the CRL; why it is refused, and what else is said. */
type Refusal = RegExp | undefined;
const MODES: readonly [string, Mode, Holder, readonly Uint8Array[], Refusal?, RegExp?][] = [
  ['revoked', 'strict', CAROL, [crlOf(CAROL)], REVOKED],
  ['revoked', 'if-present', CAROL, [crlOf(CAROL)], REVOKED],
  ['revoked', 'off', CAROL, [crlOf(CAROL)]],
  ['another one revoked', 'strict', CAROL, [crlOf(DAVE)]],
  ['nothing known', 'strict', CAROL, [], UNKNOWN],
  ['nothing known', 'if-present', CAROL, []],
  ['a CRL that is not to be had', 'if-present', NAMES_A_CRL, [], undefined, UNKNOWN],
  ['a CRL that is not to be had', 'strict', NAMES_A_CRL, [], UNKNOWN],
];

for (const [what, mode, holder, crls, refusal, warning] of MODES) {
  methods(`certificate-revocation=${mode}, eap-tls: ${what}`, async () => {
    const entries = [
      entryOf('own', GATEWAY, { own: true }),
      entryOf('ca', CA, { trusted: true, crls }),
      entryOf('erin', DAVE),
    ];
    const certificates = storeOf(entries, checkBy(mode));
    const east = caller({ holder, identity: { ...by('eap-tls'), username: 'carol' } });
    const world = await meet(east, { ...gateway(), certificates });
    if (refusal) return refused(world, /the server refuses by eap-tls/, refusal);
    assert.is(world.west.established[0]?.user, 'carol', world.west.complaints().join());
    const said = world.west.complaints().join('\n');
    if (warning) assert.match(said, warning);
    else assert.is(said, '');
  });
}

methods('the certificate of the EAP server may be revoked, too', async () => {
  const entries = [entryOf('ca', CA, { trusted: true, crls: [crlOf(AAA)] })];
  const identity = { ...by('eap-tls'), serverNames: ['aaa.example'] };
  const east = caller({ holder: CAROL, entries, identity });
  const own = entryOf('own', CAROL, { own: true });
  const certificates = storeOf([...entries, own], checkBy('if-present'));
  const world = await meet({ ...east, certificates }, ...behind(AAA, false));
  refused(world, /server is not to be trusted: certificate .*CN=aaa.*: revoked/, /breaks off EAP/);
});

methods('the link may lose and repeat what it likes', async () => {
  for (const seed of [1, 2, 3]) {
    const link = { loss: 0.15, duplication: 0.3, delayMs: 40 };
    const carol = caller({ holder: CAROL, identity: by('eap-tls') });
    const world = newWorld({ east: carol, west: gateway(), seed, link });
    await world.east.carry(world.east.engine.start());
    for (let i = 0; i < 60 && world.west.established.length === 0; i++) await world.run(2000);
    await world.run(20_000);
    letIn(world, 'carol as fqdn:east.example');
  }
});

methods('rekeying keeps the user; who starts anew replaces only itself', async () => {
  const world = await meet(caller(), gateway(by('eap-mschapv2')));
  await world.run(40_000_000);
  assert.is(world.west.established[0]?.id, 'carol as fqdn:east.example');
  world.checkSettled();
});

methods('a child that no policy has: the user is in, the child is not', async () => {
  const world = await meet(caller({ policies: 1 }), { ...gateway(), policies: 0 });
  assert.is(world.west.established[0]?.id, 'carol as fqdn:east.example');
  assert.is(world.west.children.size, 0);
  assert.match(world.east.complaints().join('\n'), /TS_UNACCEPTABLE/);
});

methods(
  'mode-config gives the user the address that the menu has for it, also after a rekey',
  async () => {
    const [pattern] = databases('west').policies;
    const any = { address: address('::'), bits: 0 };
    const template = { ...pattern!, id: 50, peer: undefined, src: any, dst: any, group: 'default' };
    const made = {
      policies: 0,
      templates: [template],
    };
    const generatePolicy = {
      ports: 'port-strict',
      group: 'default',
      notrackChain: undefined,
    } as const;
    const asks: AskedConfig = {
      role: 'initiator',
      name: 'request-only',
      dns: 'no',
      resolvConf: undefined,
      sources: undefined,
      mark: undefined,
    };
    const gives: GivenConfig = {
      role: 'responder',
      name: 'rw',
      address: undefined,
      pool: undefined,
      prefixLength: 32,
      splitInclude: [],
      splitDns: [],
      dns: [],
    };
    const east = { ...caller({ identity: { generatePolicy, modeConfig: asks } }), ...made };
    const west = { ...gateway({ generatePolicy, modeConfig: gives }), ...made };
    const world = await meet(east, west);
    const peers = () => world.west.peers.map((peer) => [peer.user, peer['dynamic-address']]);
    assert.equal(peers(), [['carol', '203.0.113.77']], world.west.complaints().join());
    await world.run(40_000_000);
    assert.equal(peers(), [['carol', '203.0.113.77']]);
  },
);

methods('an entry for users does not call, and its peer is told so', async () => {
  const world = await meet(caller(), { ...gateway(), peer: { passive: true } });
  await world.west.carry(world.west.engine.killConnections());
  await world.run(1000);
  const step = await world.west.carry(world.west.engine.acquire(0));
  assert.match(step.events.map(({ text }) => text).join(), /its users have to call us/);
});

methods('a gateway that says Success at once is not believed', async () => {
  // A gateway that says Success without having spoken EAP: it cannot know the key.
  const early = await meet(
    caller(),
    {
      ...gateway(),
      identities: byRadius,
    },
    {
      context: {
        west: {
          authenticate: () => {
            const success = async () =>
              ({
                kind: 'success',
                packet: SUCCESS,
                user: 'carol',
                msk: new Uint8Array(64),
              }) as const;
            return { begin: async () => REQUEST, answer: success, close: () => {} };
          },
        },
      },
    },
  );
  refused(early, /Success before anything is proved/, /breaks off EAP/);
});

methods('a user who knows no key is not let in by Success', async () => {
  // RADIUS accepts with one key, the user has made another.
  const radius = gateway();
  const world = newWorld({
    east: caller(),
    west: {
      ...radius,
      identities: byRadius,
    },
    context: { west: { authenticate: () => wrongKey() } },
  });
  await world.east.carry(world.east.engine.start());
  await world.run();
  refused(world, /AUTHENTICATION_FAILED to IKE_AUTH/, /its AUTH is not of the key that EAP made/);
});

methods.run();
