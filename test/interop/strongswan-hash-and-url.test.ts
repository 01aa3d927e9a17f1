// Hash and URL with strongSwan in both roles: each side is told where the other's certificate is, and
// fetches it from a web server; what is not there lets nobody in.
// Shows certificate.url
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Holder, issue } from '../certificates/pki.js';
import { type Caller, type Case, type Lab, startLab } from './certificate-lab.js';
import { background, eventually, run, stop } from './command.js';
import { prepare } from './packages.js';
import { ping } from './traffic.js';

const located = suite('strongSwan: hash and URL');
const PORT = 8890;
const BASE = `http://192.0.2.1:${PORT}/certs/`;

const CA = issue({ cn: 'Lab CA', ca: true, until: 9 });
const leaf = (name: string): Holder => issue({ cn: name, san: `DNS:${name}.example` }, CA);
const [SUN, MOON] = [leaf('sun'), leaf('moon')];
const nameOf = ({ certificate }: Holder): string =>
  createHash('sha1').update(certificate).digest('hex');

const CASE: Case = {
  sun: [SUN],
  moon: [MOON],
  sunTrusts: CA,
  moonTrusts: CA,
  charon: 'hash_and_url = yes',
  sections: `authorities { lab { cacert = 0.pem\n cert_uri_base = ${BASE} } }`,
  settings: { 'hash-and-url': BASE },
  own: { url: `${BASE}${nameOf(MOON)}` },
};

let lab: Lab;
let server: ChildProcess;
const folder = (): string => join(lab.topology.folder, 'web');
const asked = (): string => readFileSync(join(lab.topology.folder, 'web.out'), 'utf8');

located.before(async () => {
  lab = await startLab('curl');
  mkdirSync(join(folder(), 'certs'), { recursive: true });
  for (const one of [SUN, MOON]) {
    writeFileSync(join(folder(), 'certs', nameOf(one)), one.certificate);
  }
  const script = `const { join } = require('path');
    require('http').createServer(({ url, socket }, response) => {
      console.log(socket.remoteAddress.replace('::ffff:', ''), url);
      require('fs').readFile(join('${folder()}', url), (error, bytes) =>
        error ? response.writeHead(404).end() : response.end(bytes));
    }).listen(${PORT})`;
  const argv = [process.execPath, '-e', script];
  const namespace = lab.topology.namespace('moon');
  server = background(namespace, argv, join(lab.topology.folder, 'web.out'));
  const listens = async (): Promise<boolean> =>
    (await run(namespace, ['ss', '-Hltn'])).output.includes(`:${PORT}`);
  await eventually('the server to listen', listens);
});

located.after(async () => {
  await stop(server, 'SIGTERM', 'the server');
  await lab.end();
});

for (const caller of ['strongswan', 'culvert'] as Caller[]) {
  located(`${caller} calls: each fetches the other's certificate`, async () => {
    await lab.prepare(CASE, caller);
    if (caller === 'strongswan') {
      const { status, output } = await lab.strongswan.initiate('net');
      assert.is(status, 0, `${output}\n${lab.said().culvert}`);
    }
    await lab.waitFor('culvert', /signed with ecdsa-sha256, certificate O=Lab, CN=sun/);
    await lab.waitFor('strongswan', /ECDSA_WITH_SHA256_DER successful/);
    assert.match(asked(), `192.0.2.2 /certs/${nameOf(MOON)}`, 'strongSwan fetches ours');
    assert.match(asked(), `192.0.2.1 /certs/${nameOf(SUN)}`, 'we fetch its');
    assert.is(await ping(lab.topology, 'alice', 'v4', { count: 1 }), 1, 'no ping');
    await lab.clear();
  });
}

located('it is not there: refused, with the URL in our log', async () => {
  rmSync(join(folder(), 'certs', nameOf(SUN)));
  const sun = leaf('sun');
  await lab.prepare({ ...CASE, sun: [sun] }, 'strongswan');
  assert.is.not((await lab.strongswan.initiate('net')).status, 0);
  await lab.waitFor('culvert', new RegExp(`${BASE}${nameOf(sun)}: HTTP status 404`));
  await lab.waitFor('strongswan', /received AUTHENTICATION_FAILED notify error/);
  assert.equal(await lab.culvert.print('installed-sa print'), []);
  await lab.clear();
});

if ((await prepare('strongswan')) === undefined) located.run();
