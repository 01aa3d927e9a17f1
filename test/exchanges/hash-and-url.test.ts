// Certificates by hash and URL (RFC 7296 §3.6): sent to who says that it fetches them, taken by who says
// so, and believed no more than if they had come themselves.
// Shows certificate.url
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { certificateLookup } from '../../src/certificates/lookup.js';
import type { SignatureIdentity } from '../../src/policy/database.js';
import { entryOf, type Holder, issue, storeOf } from '../certificates/pki.js';
import { BY_CERTIFICATE } from './identities.js';
import { newWorld } from './connected.js';
import type { SiteOptions } from './databases.js';
import type { World } from './world.js';

const located = suite('hash and URL in IKE_AUTH');

const CA = issue({ cn: 'Lab CA', ca: true, until: 9 });
const BETWEEN = issue({ cn: 'Between', ca: true }, CA);
const leaf = (side: string, ca = BETWEEN): Holder =>
  issue({ cn: side, san: `DNS:${side}.example` }, ca);
const BASE = 'http://pki.example/certs/';
const urlOf = ({ certificate }: Holder): string =>
  `${BASE}${createHash('sha1').update(certificate).digest('hex')}`;

/** What is on the server; and who has asked for what. */
class Server {
  readonly documents = new Map<string, Uint8Array>();
  readonly asked: string[] = [];

  put(...holders: Holder[]): this {
    for (const one of holders) this.documents.set(urlOf(one), one.certificate);
    return this;
  }

  readonly fetch = async (url: string): Promise<Uint8Array> => {
    this.asked.push(url);
    const found = this.documents.get(url);
    if (!found) throw new Error('HTTP status 404');
    return found;
  };
}

interface Options {
  readonly holder: Holder;
  readonly url?: string;
  /** It fetches. */
  readonly from?: Server;
  readonly identity?: Partial<SignatureIdentity>;
}

function site({ holder, url, from, identity }: Options): SiteOptions {
  const between = { ...(url === undefined ? {} : { url: urlOf(BETWEEN) }) };
  const own = entryOf('own', holder, { own: true, ...(url === undefined ? {} : { url }) });
  const entries = [own, entryOf('between', BETWEEN, between)];
  const below = () => [BASE];
  const lookup = from && certificateLookup({ below, now: Date.now, fetch: from.fetch });
  const ca = entryOf('ca', CA, { trusted: true });
  return {
    certificates: storeOf([...entries, ca], async () => [], lookup),
    identities: (shared) => [
      {
        ...shared,
        ...BY_CERTIFICATE,
        ...identity,
      },
    ],
  };
}

async function meet(east: Options, west: Options): Promise<World> {
  const world = newWorld({ east: site(east), west: site(west) });
  await world.east.carry(world.east.engine.start());
  await world.run();
  return world;
}

const refused = (world: World, why: RegExp): void => {
  for (const one of world.sites) {
    assert.is(one.established.length + one.children.size, 0, one.name);
  }
  assert.match(world.west.complaints().join('\n'), why);
  assert.match(world.east.complaints().join('\n'), /AUTHENTICATION_FAILED/);
};

located('both ways, with the intermediate CA; the messages are smaller', async () => {
  const [east, west] = [leaf('east'), leaf('west')];
  const [atEast, atWest] = [new Server().put(west, BETWEEN), new Server().put(east, BETWEEN)];
  const world = await meet(
    { holder: east, url: urlOf(east), from: atEast },
    { holder: west, url: urlOf(west), from: atWest },
  );
  world.checkSettled();
  assert.equal(atWest.asked, [urlOf(east), urlOf(BETWEEN)]);
  assert.equal(atEast.asked, [urlOf(west), urlOf(BETWEEN)]);
  const without = await meet({ holder: east, url: urlOf(east) }, { holder: west });
  without.checkSettled();
  const bytes = (one: World): number =>
    one.captured.reduce((sum, { datagram }) => sum + datagram.bytes.length, 0);
  assert.ok(bytes(world) < bytes(without) - 1000, `${bytes(world)}, ${bytes(without)}`);
});

located('to who does not say so the certificate itself is sent', async () => {
  const [east, west] = [leaf('east'), leaf('west')];
  const server = new Server().put(east, BETWEEN);
  const world = await meet({ holder: east, url: urlOf(east) }, { holder: west, from: server });
  world.checkSettled();
  assert.equal(server.asked.length, 2);
  const other = await meet({ holder: west, from: server }, { holder: east });
  assert.is(other.east.established.length, 0, 'names differ');
  assert.equal(server.asked.length, 2, 'a certificate without URL comes itself');
});

located('match-by=certificate finds it, too', async () => {
  const [east, west] = [leaf('east'), leaf('west')];
  const server = new Server().put(east, BETWEEN);
  const identity = { matchBy: 'certificate', remoteCertificate: 'own' } as const;
  const world = await meet(
    { holder: east, url: urlOf(east) },
    { holder: west, from: server, identity },
  );
  refused(world, /expects its certificate/);
  assert.is(server.asked.length, 2, 'once each');
});

located('not there, another one there, somewhere else: refused with the cause', async () => {
  const [east, west, stranger] = [
    leaf('east'),
    leaf('west'),
    leaf('east', issue({ cn: 'X', ca: true })),
  ];
  const absent = { holder: west, from: new Server() };
  refused(await meet({ holder: east, url: urlOf(east) }, absent), /HTTP status 404/);
  const wrong = new Server().put(east, BETWEEN);
  wrong.documents.set(urlOf(east), west.certificate);
  const swapped = { holder: west, from: wrong };
  refused(await meet({ holder: east, url: urlOf(east) }, swapped), /has another hash/);
  const away = { holder: east, url: 'http://192.0.2.9/east.der' };
  const server = new Server().put(east);
  const text =
    /said to be at http:\/\/192\.0\.2\.9\/east\.der, which settings hash-and-url does not/;
  refused(await meet(away, { holder: west, from: server }), text);
  assert.equal(server.asked, []);
  // What is fetched is believed no more than what is sent.
  const both = { holder: west, from: new Server().put(stranger, BETWEEN) };
  refused(
    await meet({ holder: stranger, url: urlOf(stranger) }, both),
    /no CA that is trusted here/,
  );
});

located.run();
