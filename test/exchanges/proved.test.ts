// Whose address, whose earlier IKE SAs, whose policies: what a peer says must not make it another one.
// East has a certificate of the CA that is trusted, and says a name that is in another's.
//
//   HDR, SK {IDi (the other's name), CERT (our own), AUTH, CP(CFG_REQUEST), …}   -->
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { issueCertificate } from '../../src/certificates/author.js';
import { readCertificate } from '../../src/certificates/certificate.js';
import { formatId } from '../../src/ike/parts/identification.js';
import { provedId } from '../../src/ike/parts/proved.js';
import { formatAddress } from '../../src/policy/address.js';
import type { GivenConfig, Policy, SignatureIdentity } from '../../src/policy/database.js';
import { Leases } from '../../src/policy/leases.js';
import { ID_DER_ASN1_DN, ID_FQDN, ID_KEY_ID } from '../../src/wire/numbers.js';
import { entryOf, type Holder, issue, newKey, storeOf } from '../certificates/pki.js';
import { GIVEN, RULES } from './given-addresses.js';
import { BY_CERTIFICATE } from './identities.js';
import { newWorld } from './connected.js';
import { address, databases, type SiteOptions } from './databases.js';
import type { World } from './world.js';

const proved = suite('who a peer has proved to be');

const CA = issue({ cn: 'Lab CA', ca: true });
const WEST = issue({ cn: 'west', san: 'DNS:west.example' }, CA);
const ALICE = issue({ cn: 'alice', san: 'DNS:alice.example' }, CA);
const MALLORY = issue({ cn: 'mallory', san: 'DNS:mallory.example' }, CA);

const [pattern] = databases('west').policies as [Policy];
const any = { address: address('0.0.0.0'), bits: 0 };
const GIVING: GivenConfig = { ...GIVEN, prefixLength: 24, dns: [] };
const ASKED = {
  role: 'initiator',
  name: 'request-only',
  dns: 'no',
  resolvConf: undefined,
  sources: undefined,
  mark: undefined,
} as const;

function site(own: Holder, loaded: readonly Holder[], more: Partial<SignatureIdentity>) {
  const template = { ...pattern, id: 50, place: 50, peer: undefined, src: any, dst: any };
  return {
    policies: 0,
    templates: [{ ...template, group: 'default' }],
    certificates: storeOf([
      entryOf('own', own, { own: true }),
      entryOf('ca', CA, { trusted: true }),
      ...loaded.map((one) => entryOf(one.cn, one)),
    ]),
    identities: (shared) => [
      {
        ...shared,
        ...BY_CERTIFICATE,
        remoteId: { kind: 'auto' },
        generatePolicy: RULES,
        ...more,
      },
    ],
  } satisfies SiteOptions;
}

/** `holder` calls as alice, and what `west` believes is `loose`. */
async function call(
  holder: Holder,
  leases: Leases,
  loose: Partial<SignatureIdentity>,
): Promise<World> {
  const myId = { kind: 'fqdn', text: 'alice.example' } as const;
  const world = newWorld({
    east: site(holder, [], { myId, modeConfig: ASKED }),
    west: site(WEST, [ALICE, MALLORY], { ...loose, modeConfig: GIVING }),
    context: { west: { leases } },
  });
  await world.east.carry(world.east.engine.start());
  await world.run();
  world.checkMirrored();
  return world;
}

const given = (world: World): string =>
  [...world.east.received.values()].flatMap(({ addresses }) => addresses.map(formatAddress)).join();

const LOOSE: readonly [string, (holder: Holder) => Partial<SignatureIdentity>][] = [
  ['remote-id=ignore', () => ({ remoteId: { kind: 'ignore' } })],
  ['match-by=certificate', ({ cn }) => ({ matchBy: 'certificate', remoteCertificate: cn })],
];

for (const [name, loose] of LOOSE) {
  proved(`${name}: another's name does not bring another's address`, async () => {
    const range = { start: address('10.9.0.1'), end: address('10.9.0.9') };
    const leases = new Leases([{ name: 'rw', ranges: [range], next: undefined }], [], () => {});
    const alice = await call(ALICE, leases, loose(ALICE));
    assert.is(given(alice), '10.9.0.1');
    leases.giveBack(address('10.9.0.1'));
    const mallory = await call(MALLORY, leases, loose(MALLORY));
    assert.is(mallory.west.established[0]!.id, 'fqdn:alice.example');
    assert.is(given(mallory), '10.9.0.2', 'mallory has what was kept for alice');
    const again = await call(ALICE, leases, loose(ALICE));
    assert.is(given(again), '10.9.0.1');
  });
}

proved('names that look the same to people are not the same', () => {
  const id = (idType: number, data: Uint8Array) => ({ idType, data });
  const privateKey = newKey('ec256');
  const subject = (...names: string[]) => {
    const attributes = names.map((name) => ['CN', name] as const);
    const plan = { subject: attributes, publicKey: privateKey, notBefore: 0, notAfter: Date.now() };
    const made = issueCertificate({ ...plan, extensions: [] }, { privateKey });
    return id(ID_DER_ASN1_DN, readCertificate(made).subject);
  };
  const long = (end: string) => id(ID_FQDN, Buffer.from(`${'a'.repeat(140)}${end}`));
  const pairs = [
    [subject('alice, CN=admin'), subject('alice', 'admin')],
    [subject(`${'a'.repeat(60)}\u0001`), subject(`${'a'.repeat(60)}\u0002`)],
    [long('1'), long('2')],
    [id(ID_KEY_ID, Uint8Array.of(1)), id(ID_KEY_ID, Uint8Array.of(2))],
  ] as const;
  for (const [one, other] of pairs) {
    assert.is(formatId(one), formatId(other), 'the text for people is the same');
    assert.is.not(provedId({ vouched: [] }, one), provedId({ vouched: [] }, other));
  }
  const plain = id(ID_FQDN, Buffer.from('alice.example'));
  assert.is(provedId({ vouched: [] }, plain), 'fqdn:alice.example');
});

proved.run();
