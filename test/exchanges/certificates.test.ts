// IKE_AUTH with certificates: every kind of key, both generations of methods, who is refused and why.
//
//   HDR, SAi1, KEi, Ni, N(HASHES)            -->
//                                            <--  HDR, SAr1, KEr, Nr, CERTREQ, N(HASHES)
//   HDR, SK {IDi, CERT, CERTREQ, IDr, AUTH, …} -->
//                                            <--  HDR, SK {IDr, CERT, AUTH, …}
// Shows identity.certificate, certificate.name, certificate.trusted
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LoadedEntry } from '../../src/certificates/files.js';
import type { Identification, SignatureIdentity } from '../../src/policy/database.js';
import {
  entryOf,
  type Holder,
  issue,
  type KeyKind,
  type Plan,
  storeOf,
} from '../certificates/pki.js';
import { decodeHeader } from '../../src/wire/header.js';
import type { PlainPayload } from '../../src/wire/chain.js';
import { N } from '../../src/wire/notifications.js';
import {
  AUTH_DIGITAL_SIGNATURE,
  CERT_HASH_AND_URL_BUNDLE,
  CERT_HASH_AND_URL_X509,
  CERT_X509_SIGNATURE,
  ID_FQDN,
  IKE_AUTH,
} from '../../src/wire/numbers.js';
import { BY_CERTIFICATE } from './identities.js';
import { newWorld } from './connected.js';
import { address, type SiteOptions } from './databases.js';
import { Insider } from './insider.js';
import type { World } from './world.js';

const certificates = suite('IKE_AUTH with certificates');

const CA = issue({ cn: 'Lab CA', ca: true, until: 9 });
const INTERMEDIATE = issue({ cn: 'Lab Intermediate', ca: true, pathLength: 0, until: 9 }, CA);
const STRANGER = issue({ cn: 'Other CA', ca: true });
const named = (side: string, plan: Partial<Plan> = {}): Plan => ({
  cn: side,
  san: `DNS:${side}.example,email:ops@${side}.example`,
  ...plan,
});
const EAST = issue(named('east'), CA);
const WEST = issue(named('west'), CA);

interface Site {
  readonly holder?: Holder;
  readonly entries?: readonly LoadedEntry[];
  readonly identity?: Partial<SignatureIdentity>;
}

function site(side: 'east' | 'west', { holder, entries = [], identity }: Site): SiteOptions {
  const own = holder ?? { east: EAST, west: WEST }[side];
  const trusted = entries.some((entry) => entry.trusted)
    ? []
    : [entryOf('ca', CA, { trusted: true })];
  return {
    certificates: storeOf([entryOf('own', own, { own: true }), ...trusted, ...entries]),
    identities: (shared) => [
      {
        ...shared,
        ...BY_CERTIFICATE,
        ...identity,
      },
    ],
  };
}

async function meet(east: Site = {}, west: Site = {}): Promise<World> {
  const world = newWorld({ east: site('east', east), west: site('west', west) });
  await world.east.carry(world.east.engine.start());
  await world.run();
  return world;
}

const told = (world: World, side: 'east' | 'west'): string =>
  world[side].events.map(({ text }) => text).join('\n');

/** Nothing stands at either end, and each says what it has to. */
function refused(world: World, east: RegExp, west: RegExp): void {
  for (const one of world.sites) {
    assert.is(one.established.length, 0, one.name);
    assert.is(one.children.size, 0, one.name);
  }
  assert.match(told(world, 'east'), east);
  assert.match(told(world, 'west'), west);
}

const ALGORITHMS: readonly [KeyKind, RegExp][] = [
  ['rsa', /signed with rsa-sha256/],
  ['ec256', /signed with ecdsa-sha256/],
  ['ec384', /signed with ecdsa-sha384/],
  ['ec521', /signed with ecdsa-sha512/],
  ['ed25519', /signed with ed25519/],
];

for (const [key, said] of ALGORITHMS) {
  certificates(`${key} by RFC 7427, both ways`, async () => {
    const holders = [issue(named('east', { key }), CA), issue(named('west', { key }), CA)];
    const world = await meet({ holder: holders[0]! }, { holder: holders[1]! });
    world.checkSettled();
    assert.match(told(world, 'east'), said);
    assert.match(told(world, 'west'), said);
    assert.is(world.west.established[0]!.id, 'fqdn:east.example');
  });
}

certificates('the announcement of hashes cannot be taken away on the wire', async () => {
  const world = newWorld({ east: site('east', {}), west: site('west', {}) });
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  // Another number makes it a notification that nobody knows: the first message is not encrypted.
  const [first] = world.held;
  const bytes = Uint8Array.from(first!.datagram.bytes);
  bytes[Buffer.from(bytes).indexOf(Buffer.of(0x40, 0x2f, 0, 2, 0, 3))] = 0x7f;
  await world.deliver({ ...first!, datagram: { ...first!.datagram, bytes } });
  world.release();
  await world.run();
  refused(world, /AUTHENTICATION_FAILED/, /signature .* is not one of .*CN=east/);
});

certificates('RSA-PSS', async () => {
  const identity = { rsaPadding: 'pss' } as const;
  const holder = issue(named('east', { key: 'rsa' }), CA);
  const world = await meet({ holder, identity });
  world.checkSettled();
  assert.match(told(world, 'west'), /signed with rsa-pss-sha256/);
});

certificates('a chain over an intermediate CA that only its holder has', async () => {
  const holder = issue(named('east'), INTERMEDIATE);
  const identity = { certificate: ['own', 'between'] };
  const world = await meet({ holder, identity, entries: [entryOf('between', INTERMEDIATE)] });
  world.checkSettled();
});

certificates('the chain is completed from the menu, and missed where nobody has it', async () => {
  const holder = issue(named('east'), INTERMEDIATE);
  const found = await meet({ holder, entries: [entryOf('between', INTERMEDIATE)] });
  found.checkSettled();
  refused(
    await meet({ holder }),
    /AUTHENTICATION_FAILED/,
    /"O=Lab, CN=east".*unable to get .*issuer/,
  );
});

const BAD: readonly [string, Plan, Holder, RegExp][] = [
  ['expired', named('east', { from: -9, until: -1 }), CA, /CN=east.*has expired \(on /],
  ['not yet valid', named('east', { from: 1, until: 2 }), CA, /CN=east.*not yet valid \(before /],
  ['of an unknown CA', named('east'), STRANGER, /CN=east.*unable to get local issuer/],
  [
    'of another name',
    named('south'),
    CA,
    /says it is fqdn:east.example; its certificate is for fqdn:south/,
  ],
  ['issued by a leaf', named('east'), WEST, /CN=west.*(invalid CA|issuer)/],
  [
    'for code signing',
    named('east', { extensions: [['extendedKeyUsage', 'codeSigning']] }),
    CA,
    /CN=east.*extended key usage .* not for IKE/,
  ],
];

for (const [name, plan, issuer, why] of BAD) {
  const identity: Partial<SignatureIdentity> = { myId: { kind: 'fqdn', text: 'east.example' } };
  certificates(`a certificate that is ${name} is refused by a responder`, async () => {
    const holder = issue(plan, issuer);
    const entries = issuer === WEST ? [entryOf('between', WEST)] : [];
    refused(await meet({ holder, identity, entries }), /AUTHENTICATION_FAILED/, why);
  });
}

certificates('and by an initiator, which takes the IKE SA back', async () => {
  const holder = issue(named('west', { from: -9, until: -1 }), CA);
  refused(await meet({}, { holder }), /CN=west.*has expired/, /CN=east|AUTHENTICATION_FAILED/);
});

certificates('path length, name constraints and CA flags are honoured', async () => {
  const under = issue({ cn: 'Too deep', ca: true }, INTERMEDIATE);
  const deep = issue(named('east'), under);
  const chain = [entryOf('one', under), entryOf('two', INTERMEDIATE)];
  const tooDeep = await meet({ holder: deep, entries: chain });
  refused(tooDeep, /AUTHENTICATION_FAILED/, /path length constraint exceeded/);
  const extensions = [['nameConstraints', 'critical,permitted;DNS:north.example']] as const;
  const narrow = issue({ cn: 'Narrow CA', ca: true, extensions }, CA);
  const outside = await meet({
    holder: issue(named('east', { san: 'DNS:east.example' }), narrow),
    entries: [entryOf('narrow', narrow)],
  });
  refused(outside, /AUTHENTICATION_FAILED/, /permitted subtree violation/);
});

certificates('somebody else’s certificate is of no use without its key', async () => {
  const thief: Holder = { ...EAST, privateKey: STRANGER.privateKey };
  refused(
    await meet({ holder: thief }),
    /AUTHENTICATION_FAILED/,
    /signature .* is not one of .*CN=east/,
  );
});

const IDS: readonly [
  string,
  Identification,
  Identification | { kind: 'ignore' },
  RegExp | undefined,
][] = [
  [
    'auto is the first alternative name',
    { kind: 'auto' },
    { kind: 'fqdn', text: 'EAST.example' },
    undefined,
  ],
  [
    'user-fqdn',
    { kind: 'user-fqdn', text: 'ops@east.example' },
    { kind: 'user-fqdn', text: 'ops@east.example' },
    undefined,
  ],
  ['dn', { kind: 'dn' }, { kind: 'dn' }, undefined],
  ['dn where any is expected', { kind: 'dn' }, { kind: 'auto' }, undefined],
  [
    'a fqdn where dn is expected',
    { kind: 'auto' },
    { kind: 'dn' },
    /expects the subject of its certificate/,
  ],
  [
    'auto: an identity that the certificate has not',
    { kind: 'fqdn', text: 'south.example' },
    { kind: 'auto' },
    /says it is fqdn:south.example; its certificate is for fqdn:east.example, user-fqdn:ops@east.example, dn:/,
  ],
  ['ignore takes it', { kind: 'fqdn', text: 'south.example' }, { kind: 'ignore' }, undefined],
  [
    'key-id stands in no certificate',
    { kind: 'key-id', data: Uint8Array.of(1, 2) },
    { kind: 'key-id', data: Uint8Array.of(1, 2) },
    /says it is key-id:.*its certificate is for/,
  ],
  [
    'another name than expected, though the certificate has it',
    { kind: 'auto' },
    { kind: 'fqdn', text: 'south.example' },
    /expects fqdn:south.example/,
  ],
];

for (const [name, myId, remoteId, why] of IDS) {
  certificates(`identity: ${name}`, async () => {
    const world = await meet({ identity: { myId } }, { identity: { remoteId } });
    if (why) refused(world, /AUTHENTICATION_FAILED/, why);
    else world.checkSettled();
  });
}

certificates('an address is compared with the address of the certificate', async () => {
  const holder = issue(named('east', { san: 'IP:192.0.2.1' }), CA);
  const world = await meet(
    { holder, identity: { myId: { kind: 'auto' } } },
    { identity: { remoteId: { kind: 'auto' } } },
  );
  world.checkSettled();
  assert.is(world.west.established[0]!.id, 'address:192.0.2.1');
});

certificates('without alternative names the subject is the identity', async () => {
  const holder = issue({ cn: 'plain' }, CA);
  const world = await meet(
    { holder, identity: { myId: { kind: 'auto' } } },
    { identity: { remoteId: { kind: 'auto' } } },
  );
  world.checkSettled();
  assert.is(world.west.established[0]!.id, 'dn:O=Lab, CN=plain');
});

certificates('remote-certificate: that one, even self-signed, and no other', async () => {
  const own = issue(named('east'));
  const identity = { remoteCertificate: 'theirs' };
  const right = await meet({ holder: own }, { identity, entries: [entryOf('theirs', own)] });
  right.checkSettled();
  const wrong = await meet({}, { identity, entries: [entryOf('theirs', own)] });
  refused(
    wrong,
    /AUTHENTICATION_FAILED/,
    /certificate shown is of .*CN=east; remote-certificate is that of/,
  );
});

certificates('match-by=certificate: the certificate counts, not the name', async () => {
  const identity = { remoteCertificate: 'theirs', matchBy: 'certificate' } as const;
  const mine = { identity: { myId: { kind: 'fqdn', text: 'anybody.example' } } } as const;
  const right = await meet(mine, { identity, entries: [entryOf('theirs', EAST)] });
  right.checkSettled();
  const wrong = await meet(mine, { identity, entries: [entryOf('theirs', WEST)] });
  refused(wrong, /AUTHENTICATION_FAILED/, /expects its certificate/);
});

certificates('a peer that names somebody else than us is refused', async () => {
  const world = await meet(
    { identity: { remoteId: { kind: 'fqdn', text: 'south.example' } } },
    { identity: { myId: { kind: 'fqdn', text: 'west.example' } } },
  );
  refused(world, /AUTHENTICATION_FAILED/, /wants to reach fqdn:south.example, which no my-id is/);
});

certificates('a secret where a signature is expected, and the other way round', async () => {
  const secret = newWorld({ west: site('west', {}) });
  await secret.east.carry(secret.east.engine.start());
  await secret.run();
  refused(
    secret,
    /AUTHENTICATION_FAILED/,
    /authenticates by a secret; auth-method of its identity is digital-signature/,
  );
  const signature = newWorld({ east: site('east', {}) });
  await signature.east.carry(signature.east.engine.start());
  await signature.run();
  refused(
    signature,
    /AUTHENTICATION_FAILED/,
    /by a signature .*; auth-method of its identity is pre-shared-key/,
  );
});

certificates(
  'a certificate of our own that is not there is said, and nothing is sent',
  async () => {
    const world = await meet({ identity: { certificate: ['gone'] } });
    refused(world, /certificate 'gone': there is none of that name/, /^/);
  },
);

certificates('what the store learns of revocation counts', async () => {
  const west = site('west', {});
  const { CertificateError } = await import('../../src/crypto/certificates.js');
  const entries = [entryOf('own', WEST, { own: true }), entryOf('ca', CA, { trusted: true })];
  const check = async () => {
    throw new CertificateError('certificate "CN=east": revoked');
  };
  const world = newWorld({
    east: site('east', {}),
    west: { ...west, certificates: storeOf(entries, check) },
  });
  await world.east.carry(world.east.engine.start());
  await world.run();
  refused(world, /AUTHENTICATION_FAILED/, /CN=east": revoked/);
});

/** Plays east after its first message, with east's keys: `payloads` stand in its IKE_AUTH. */
async function says(...payloads: PlainPayload[]): Promise<World> {
  const world = newWorld({ east: site('east', {}), west: site('west', {}) });
  world.filter = (_, { bytes }) => decodeHeader(bytes).exchangeType !== IKE_AUTH;
  await world.east.carry(world.east.engine.start());
  await world.run();
  const peer = new Insider(world, world.west);
  const transforms = [
    { type: 1, id: 20, attributes: [{ type: 14, value: 128 }] },
    { type: 5, id: 0, attributes: [] },
  ];
  const spi = Uint8Array.of(0xea, 7, 7, 7);
  const selector = { family: 4, protocol: 0, startPort: 0, endPort: 65535 } as const;
  const [inner, outer] = ['198.18.0.0', '198.19.0.0'].map((text) => ({
    ...selector,
    start: address(text).value,
    end: address(text).value,
  }));
  const message = peer.build({ exchangeType: IKE_AUTH, messageId: 1 }, [
    { type: 'IDi', idType: ID_FQDN, data: new TextEncoder().encode('east.example') },
    ...payloads,
    { type: 'AUTH', method: AUTH_DIGITAL_SIGNATURE, data: new Uint8Array(80).fill(1) },
    { type: 'SA', proposals: [{ number: 1, protocol: 3, spi, transforms }] },
    { type: 'TSi', selectors: [inner!] },
    { type: 'TSr', selectors: [outer!] },
  ]);
  const [answer] = await peer.send(message);
  const notified = peer
    .open(answer)
    .inner.map((payload) => (payload.type === 'Notify' ? payload.notifyType : payload.type));
  assert.equal(notified, [N.AUTHENTICATION_FAILED]);
  assert.is(world.west.established.length + world.west.children.size, 0);
  return world;
}

const cert = (encoding: number, data: Uint8Array): PlainPayload => ({
  type: 'CERT',
  encoding,
  data,
});

certificates('the URL of a certificate is not fetched: it was not offered (§3.6)', async () => {
  const url = Buffer.concat([Buffer.alloc(20), Buffer.from('http://192.0.2.9/cert.der')]);
  for (const encoding of [CERT_HASH_AND_URL_X509, CERT_HASH_AND_URL_BUNDLE]) {
    assert.match(told(await says(cert(encoding, url)), 'west'), /sends the URL of its certificate/);
  }
});

certificates('no certificate, nonsense, and a right one with a made-up signature', async () => {
  assert.match(
    told(await says(), 'west'),
    /sends no certificate, and remote-certificate names none/,
  );
  const nonsense = await says(cert(CERT_X509_SIGNATURE, new Uint8Array(99).fill(0x30)));
  assert.match(told(nonsense, 'west'), /no X\.509 certificate/);
  const stolen = await says(cert(CERT_X509_SIGNATURE, EAST.certificate));
  assert.match(told(stolen, 'west'), /signs with an algorithm that we did not announce/);
});

certificates.run();
