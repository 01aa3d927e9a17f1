// Hash and URL: what is fetched, from whom alone, and what is worth nothing though it was.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fetchHttp } from '../../src/certificates/http.js';
import { certificateLookup } from '../../src/certificates/lookup.js';

const lookups = suite('hash and URL');

let asked: string[] = [];
let answer: Buffer = Buffer.alloc(0);
let location: string | undefined;
const server = createServer((request, response) => {
  asked.push(request.url ?? '');
  if (location !== undefined) response.writeHead(302, { location }).end();
  else if (request.url !== '/certs/silent') response.end(answer);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const base = `http://127.0.0.1:${port}`;
const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();

let now = 0;
lookups.before.each(() => {
  [asked, answer, location, now] = [[], Buffer.from('a certificate'), undefined, 1_000_000];
});

const lookup = () =>
  certificateLookup({ below: () => [`${base}/certs/`], now: () => now, fetch: fetchHttp });

async function said(url: string, one = lookup(), bundle = false): Promise<string> {
  const found = await one({ url, hash: sha1(answer), bundle }).catch((error: Error) => error);
  if (found instanceof Error) return found.message;
  return found.map((bytes) => Buffer.from(bytes).toString()).join();
}

lookups('what lies below is fetched once, by its hash', async () => {
  const one = lookup();
  for (let turn = 0; turn < 3; turn++) {
    assert.is(await said(`${base}/certs/a.der`, one), 'a certificate');
  }
  assert.equal(asked, ['/certs/a.der']);
  now += 3_600_001;
  assert.is(await said(`${base}/certs/a.der#part`, one), 'a certificate');
  assert.is(asked.length, 2);
});

const ELSEWHERE = [
  `${base}/other/a.der`,
  `${base}/certs`,
  `${base}/certs/../admin`,
  `${base}/certs/%2e%2e/admin`,
  `http://127.0.0.1:${port + 1}/certs/a.der`,
  `http://127.0.0.1.example.org:${port}/certs/a.der`,
  `http://user@127.0.0.1:${port}/certs/a.der`,
  `https://127.0.0.1:${port}/certs/a.der`,
  'file:///etc/passwd',
  'http://169.254.169.254/latest/meta-data/',
  `${base}/certs/a b.der`,
  `${base}/certs/${'a'.repeat(1100)}`,
  'nonsense',
  '',
];

lookups('nobody and nothing else is asked', async () => {
  for (const url of ELSEWHERE) {
    assert.match(await said(url), /which settings hash-and-url does not allow$/, url);
  }
  assert.equal(asked, []);
  assert.match(await said('http://a/\n\u001b[2J'), /said to be at http:\/\/a\/\?\?\[2J, which/);
});

lookups('another hash, too much, a redirect, silence: nothing is taken', async () => {
  const other = await lookup()({ url: `${base}/certs/a`, hash: new Uint8Array(20), bundle: false })
    .then(() => '')
    .catch((error: Error) => error.message);
  assert.match(other, /certs\/a: what is there has another hash$/);
  answer = Buffer.alloc(65_537);
  assert.match(await said(`${base}/certs/large`), /more than 65536 bytes/);
  location = `${base}/other`;
  assert.match(await said(`${base}/certs/moved`), /HTTP status 302/);
  location = undefined;
  assert.match(await said(`${base}/certs/silent`), /no answer within 3 s/);
  assert.not(asked.includes('/other'));
});

lookups('a failure is remembered for half a minute', async () => {
  const one = lookup();
  const hash = new Uint8Array(20);
  const fails = () =>
    one({ url: `${base}/certs/a`, hash, bundle: false }).then(
      () => assert.unreachable(),
      () => {},
    );
  await fails();
  await fails();
  assert.is(asked.length, 1);
  now += 30_001;
  await fails();
  assert.is(asked.length, 2);
});

lookups('sixteen at once, and no more', async () => {
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const fetch = async () => {
    await gate;
    return answer;
  };
  const one = certificateLookup({ below: () => [`${base}/certs/`], now: () => now, fetch });
  const all = Array.from({ length: 17 }, (_, at) => said(`${base}/certs/${at}`, one));
  assert.match(await all[16]!, /too many are being fetched/);
  go();
  assert.equal(new Set(await Promise.all(all.slice(0, 16))), new Set(['a certificate']));
});

lookups('a bundle: its certificates, in order, and not its CRLs', async () => {
  const der = (tag: number, ...content: Uint8Array[]): Buffer => {
    const body = Buffer.concat(content);
    return Buffer.concat([Buffer.of(tag, body.length), body]);
  };
  const one = der(0x30, Buffer.from('one'));
  const two = der(0x30, Buffer.from('two'));
  answer = der(0x30, der(0xa0, one), der(0xa1, one), der(0xa0, two));
  assert.is(await said(`${base}/certs/b`, lookup(), true), `${one},${two}`);
  answer = Buffer.of(4, 0);
  assert.match(await said(`${base}/certs/c`, lookup(), true), /certs\/c: has tag/);
});

lookups.after(() => {
  server.closeAllConnections();
  server.close();
});
lookups.run();
