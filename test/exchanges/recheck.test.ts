// Peers that stand by certificates, and what they were let in by is worth nothing any more: a CA taken
// from the menu, a new CRL, a date that has come, a responder that is silent. Either side ends it.
// Shows settings.certificate-recheck
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { issueCrl } from '../../src/certificates/author.js';
import type { LoadedEntry } from '../../src/certificates/files.js';
import { revocationCheck, type RevocationPolicy } from '../../src/certificates/revocation.js';
import { CertificateStore } from '../../src/certificates/store.js';
import type { User } from '../../src/policy/database.js';
import { reconcile } from '../../src/policy/reconcile.js';
import { entryOf, type Holder, issue, serialOf } from '../certificates/pki.js';
import { BY_CERTIFICATE, BY_EAP, EAP_LOCAL } from './identities.js';
import { newWorld } from './connected.js';
import { databases, type SiteOptions } from './databases.js';
import type { Site } from './site.js';
import type { World } from './world.js';

const recheck = suite('certificates checked again');
const HOUR_MS = 3_600_000;

const CA = issue({ cn: 'Lab CA', ca: true, until: 9 });
const OTHER = issue({ cn: 'Other CA', ca: true });
const leaf = (side: string): Holder => issue({ cn: side, san: `DNS:${side}.example` }, CA);
const HOLDERS = { east: leaf('east'), west: leaf('west') };
const TRUSTED = entryOf('ca', CA, { trusted: true });

const revoking = (...holders: Holder[]): LoadedEntry => {
  const now = Date.now();
  const revoked = holders.map((one) => ({ serial: serialOf(one), at: now - 1000 }));
  const dates = { thisUpdate: now - 1000, nextUpdate: now + 9 * HOUR_MS };
  return { ...TRUSTED, crls: [issueCrl({ number: 1, ...dates, revoked }, CA)] };
};

/** One side's store, whose contents, clock and policy a test changes. */
class Shelf {
  policy: RevocationPolicy = 'if-present';
  now = Date.now;
  readonly #own: LoadedEntry;
  readonly store: CertificateStore;

  constructor(side: 'east' | 'west', entries: readonly LoadedEntry[] = [TRUSTED]) {
    this.#own = entryOf('own', HOLDERS[side], { own: true });
    const check = this.#check();
    const all = [this.#own, ...entries];
    this.store = new CertificateStore({ entries: all, now: () => this.now(), check });
  }

  #check() {
    const fetch = () => Promise.reject(new Error('nobody is there'));
    return revocationCheck({ policy: () => this.policy, now: () => this.now(), fetch });
  }

  put(...entries: LoadedEntry[]): void {
    this.store.replace({ entries: [this.#own, ...entries], check: this.#check() });
  }
}

const signing = ({ store: certificates }: Shelf): SiteOptions => ({
  certificates,
  identities: (shared) => [
    {
      ...shared,
      ...BY_CERTIFICATE,
    },
  ],
});

interface Standing {
  readonly world: World;
  readonly shelves: { readonly east: Shelf; readonly west: Shelf };
}

async function standing(): Promise<Standing> {
  const shelves = { east: new Shelf('east'), west: new Shelf('west') };
  const world = newWorld({ east: signing(shelves.east), west: signing(shelves.west) });
  await world.establish();
  return { world, shelves };
}

async function look(world: World, side: Site): Promise<void> {
  for (const one of side.engine.rechecks()) await side.carry(one());
  await world.run();
}

/** Told by a Delete of the IKE SA alone; nothing stands at either end. */
function ended({ world }: Standing, side: Site, why: RegExp): void {
  assert.match(side.complaints().join('\n'), why);
  for (const site of world.sites) {
    assert.is(site.children.size, 0, site.name);
    assert.is(site.established.length, 0, site.name);
  }
  assert.match(world.log.slice(-2).join(), new RegExp(`${side.name}: INFORMATIONAL request`));
}

for (const name of ['east', 'west'] as const) {
  recheck(`${name} trusts the CA no more: the other is told, nothing stands`, async () => {
    const one = await standing();
    const site = one.world[name];
    await look(one.world, site);
    one.world.checkSettled();
    one.shelves[name].put(entryOf('ca', OTHER, { trusted: true }));
    await look(one.world, site);
    const other = name === 'east' ? 'west' : 'east';
    const text = `peer fqdn:${other}.example is trusted no longer, .*CN=Lab CA.*no CA that is trusted here`;
    ended(one, site, new RegExp(text));
  });

  recheck(`${name} hears of a revocation by a new CRL, also after a rekey`, async () => {
    const one = await standing();
    const site = one.world[name];
    const spii = site.established[0]!.spii;
    await one.world.run(9 * HOUR_MS);
    assert.is.not(site.established[0]!.spii, spii, 'it was not rekeyed');
    const other = name === 'east' ? 'west' : 'east';
    one.shelves[name].put(revoking(HOLDERS[name]));
    await look(one.world, site);
    one.world.checkSettled();
    one.shelves[name].put(revoking(HOLDERS[other]));
    await look(one.world, site);
    ended(one, site, new RegExp(`trusted no longer, .*CN=${other}.*: revoked`));
  });
}

recheck('whoever lets us in no more is called again, and refuses us', async () => {
  const one = await standing();
  one.shelves.east.put(revoking(HOLDERS.west));
  await look(one.world, one.world.east);
  const calls = one.world.log.length;
  await one.world.run(60_000);
  assert.ok(one.world.log.length > calls, 'not called again');
  assert.is(one.world.east.established.length, 0);
  one.shelves.east.put(revoking());
  await one.world.run(600_000);
  one.world.checkSettled();
});

recheck('a certificate that has expired meanwhile', async () => {
  const one = await standing();
  one.shelves.west.now = () => Date.now() + 48 * HOUR_MS;
  await look(one.world, one.world.west);
  ended(one, one.world.west, /trusted no longer, .*CN=east.*has expired \(on/);
});

recheck('strict and nobody to ask: an hour of patience, which an answer ends', async () => {
  const one = await standing();
  const { west } = one.world;
  one.shelves.west.policy = 'strict';
  await look(one.world, west);
  assert.match(west.complaints().join(), /stays for now: .*CN=east.*not known/);
  one.world.checkSettled();
  one.shelves.west.put(revoking());
  await one.world.run(HOUR_MS);
  await look(one.world, west);
  one.shelves.west.put(TRUSTED);
  await look(one.world, west);
  one.world.checkSettled();
  await one.world.run(HOUR_MS);
  await look(one.world, west);
  ended(one, west, /trusted no longer, .*whether it was revoked is not known/);
});

const CAROL: User = { name: 'carol', password: '', certificate: undefined, address: undefined };
const CARD = issue({ cn: 'carol', san: 'DNS:east.example' }, CA);

/** Carol logs in by EAP-TLS with her card. */
async function loggedIn(): Promise<Standing & { readonly west: SiteOptions }> {
  const shelves = { east: new Shelf('east'), west: new Shelf('west') };
  const card = entryOf('card', CARD, { own: true });
  shelves.east.put(card, TRUSTED);
  const east: SiteOptions = {
    certificates: shelves.east.store,
    identities: (shared) => [
      {
        ...shared,
        ...BY_EAP,
        eapMethods: ['eap-tls'],
        password: '',
        certificate: ['card'],
      },
    ],
  };
  const west: SiteOptions = {
    certificates: shelves.west.store,
    users: [CAROL],
    identities: (shared) => [
      {
        ...shared,
        ...EAP_LOCAL,
        eapMethods: ['eap-tls'],
      },
    ],
  };
  const world = newWorld({ east, west });
  await world.establish();
  return { world, shelves, west };
}

recheck('a user by EAP-TLS, and the gateway in front of it', async () => {
  const user = await loggedIn();
  user.shelves.west.put(revoking(CARD));
  await look(user.world, user.world.west);
  ended(user, user.world.west, /trusted no longer, .*CN=carol.*: revoked/);
  const gateway = await loggedIn();
  gateway.shelves.east.put(entryOf('card', CARD, { own: true }), revoking(HOLDERS.west));
  await look(gateway.world, gateway.world.east);
  ended(gateway, gateway.world.east, /trusted no longer, .*CN=west.*: revoked/);
});

recheck('a user who is taken from the menu', async () => {
  const one = await loggedIn();
  const { west } = one.world;
  const [before, after] = [one.west, { ...one.west, users: [] }].map((options) =>
    databases('west', options),
  );
  await west.carry(west.engine.reconfigure(reconcile(before!, after!, 1)));
  await one.world.run();
  for (const site of one.world.sites) assert.is(site.established.length, 0, site.name);
  assert.match(west.events.map(({ text }) => text).join('\n'), /user carol is not in the menu/);
});

recheck('one identity of several goes: whoever stands by another stays', async () => {
  const one = await standing();
  const { west } = one.world;
  const options = signing(one.shelves.west);
  const more: SiteOptions = {
    ...options,
    identities: (shared) => {
      const [own] = options.identities!(shared);
      return [own!, { ...own!, remoteId: { kind: 'fqdn', text: 'south.example' } }];
    },
  };
  const spii = west.established[0]!.spii;
  for (const [from, to] of [
    [options, more],
    [more, options],
  ] as const) {
    const change = reconcile(databases('west', from), databases('west', to), 1);
    await west.carry(west.engine.reconfigure(change));
    await one.world.run(60_000);
    one.world.checkSettled();
    assert.is(west.established[0]!.spii, spii);
  }
  const none = { ...options, identities: () => [] };
  const change = reconcile(databases('west', options), databases('west', none), 1);
  await west.carry(west.engine.reconfigure(change));
  await one.world.run();
  assert.is(one.world.east.established.length, 0);
});

recheck.run();
