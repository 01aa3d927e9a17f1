// Certificates with strongSwan in both roles: every kind of key, chains, both generations of methods;
// and who must not come in, with the notification on the wire and the cause in our log.
// Shows settings.certificate-recheck, certificate.file, certificate.key-file
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { issueCrl } from '../../src/certificates/author.js';
import { readCertificate } from '../../src/certificates/certificate.js';
import { toPem } from '../../src/certificates/files.js';
import { type Holder, issue, type KeyKind, type Plan, serialOf } from '../certificates/pki.js';
import {
  type Caller,
  type Case,
  keyPem,
  type Lab,
  startLab,
  swanctlConf,
} from './certificate-lab.js';
import { background, eventually, run, stop } from './command.js';
import { prepare } from './packages.js';
import { nothingPasses, ping } from './traffic.js';

const certificates = suite('strongSwan: certificates');
const OCSP_PORT = 8888;
const CRL_PORT = 8889;

const CA = issue({ cn: 'Lab CA', ca: true, until: 9, key: 'rsa' });
const MIDDLE = issue({ cn: 'Lab Intermediate', ca: true, pathLength: 0, until: 9 }, CA);
const STRANGER = issue({ cn: 'Other CA', ca: true });
const leaf = (name: string, plan: Partial<Plan> = {}, issuer: Holder = CA): Holder =>
  issue({ cn: name, san: `DNS:${name}.example`, ...plan }, issuer);
/** Its own CA, and nobody else's business. */
const LONER = issue({ cn: 'loner' });
const MOON = leaf('moon');
const SUN = leaf('sun');
const POINTED = leaf('sun', {
  extensions: [['crlDistributionPoints', `URI:http://127.0.0.1:${CRL_PORT}/ca.crl`]],
});
const both = { sun: [SUN], moon: [MOON], sunTrusts: CA, moonTrusts: CA };
const ofKind = (key: KeyKind): Case => ({
  ...both,
  sun: [leaf('sun', { key })],
  moon: [leaf('moon', { key })],
});

const GOOD: readonly [string, Case, RegExp, RegExp][] = [
  ['RSA', ofKind('rsa'), /signed with rsa-sha256/, /RSA_EMSA_PKCS1_SHA2_256 successful/],
  [
    'RSA-PSS',
    { ...ofKind('rsa'), identity: { 'rsa-padding': 'pss' }, charon: 'rsa_pss = yes' },
    /signed with rsa-pss-sha256/,
    /RSA_EMSA_PSS_SHA2_256.* successful/,
  ],
  ['ECDSA 256', ofKind('ec256'), /signed with ecdsa-sha256/, /ECDSA_WITH_SHA256_DER successful/],
  ['ECDSA 384', ofKind('ec384'), /signed with ecdsa-sha384/, /ECDSA_WITH_SHA384_DER successful/],
  ['ECDSA 521', ofKind('ec521'), /signed with ecdsa-sha512/, /ECDSA_WITH_SHA512_DER successful/],
  ['Ed25519', ofKind('ed25519'), /signed with ed25519/, /ED25519 successful/],
  [
    'RSA without RFC 7427',
    { ...ofKind('rsa'), charon: 'signature_authentication = no' },
    /signed with rsa-sha1/,
    /'CN=moon|moon.*with RSA_EMSA_PKCS1_SHA1 successful|RSA signature successful/,
  ],
  [
    'ECDSA 384 without RFC 7427',
    { ...ofKind('ec384'), charon: 'signature_authentication = no' },
    /signed with ecdsa-sha384/,
    /ECDSA-384 signature successful/,
  ],
  [
    'a chain over an intermediate CA, both trusting the root alone',
    { ...both, sun: [leaf('sun', {}, MIDDLE), MIDDLE], moon: [leaf('moon', {}, MIDDLE), MIDDLE] },
    /signed with ecdsa-sha256, certificate O=Lab, CN=sun/,
    /ECDSA_WITH_SHA256_DER successful/,
  ],
  [
    'a mail address and an IP address as identities',
    {
      ...both,
      sun: [leaf('sun', { san: 'IP:192.0.2.2' })],
      sunId: '192.0.2.2',
      moon: [leaf('moon', { san: 'email:ops@moon.example' })],
      identity: { 'my-id': 'user-fqdn:ops@moon.example', 'remote-id': 'address:192.0.2.2' },
    },
    /peer address:192\.0\.2\.2 has signed/,
    /authentication of 'ops@moon\.example' .* successful/,
  ],
  [
    'match-by=certificate with one that nobody vouches for, and subjects as identities',
    {
      ...both,
      sun: [LONER],
      sunId: '"O=Lab, CN=loner"',
      moon: [MOON],
      certificates: [{ name: 'theirs', file: 'theirs.pem' }],
      identity: { 'match-by': 'certificate', 'remote-certificate': 'theirs', 'my-id': 'dn' },
    },
    /certificate O=Lab, CN=loner/,
    /authentication of 'O=Lab, CN=moon' .* successful/,
  ],
];

const BAD: readonly [string, Case, RegExp][] = [
  [
    'expired',
    { ...both, sun: [leaf('sun', { from: -9, until: -1 })] },
    /CN=sun" .*: certificate has expired \(on/,
  ],
  [
    'of another name',
    { ...both, sun: [leaf('south')], identity: { 'remote-id': 'fqdn:sun.example' } },
    /says it is fqdn:sun.example; its certificate is for fqdn:south.example/,
  ],
  [
    'of an unknown CA',
    { ...both, sun: [leaf('sun', {}, STRANGER)] },
    /CN=sun" .*unable to get local issuer/,
  ],
  [
    'not the one match-by=certificate names',
    {
      ...both,
      certificates: [{ name: 'theirs', file: 'theirs.pem' }],
      identity: { 'match-by': 'certificate', 'remote-certificate': 'theirs' },
    },
    /CN=sun|expects its certificate/,
  ],
  [
    'revoked by a CRL in a file',
    { ...both, certificates: [{ name: 'crl', file: 'ca.pem', 'crl-file': 'ca.crl' }] },
    /CN=sun" .*: revoked/,
  ],
  [
    'revoked by OCSP',
    {
      ...both,
      sun: [
        leaf('sun', {
          extensions: [['authorityInfoAccess', `OCSP;URI:http://127.0.0.1:${OCSP_PORT}`]],
        }),
      ],
    },
    /CN=sun" .*: revoked/,
  ],
  [
    'revoked by the CRL of its distribution point',
    { ...both, sun: [POINTED] },
    /CN=sun" .*: revoked/,
  ],
  [
    'of unknown standing where the policy is strict',
    { ...both, settings: { 'certificate-revocation': 'strict' } },
    /CN=sun" .*not known: it names no CRL and no OCSP responder/,
  ],
];

type Rows = readonly Readonly<Record<string, unknown>>[];
let lab: Lab;
certificates.before(async () => {
  lab = await startLab();
  const moon = join(lab.topology.folder, 'moon');
  writeFileSync(join(moon, 'theirs.pem'), toPem('CERTIFICATE', LONER.certificate));
  const now = Date.now();
  const plan = { number: 1, thisUpdate: now - 1000, nextUpdate: now + 3_600_000 };
  const revoked = [SUN, POINTED].map((one) => ({ serial: serialOf(one), at: now - 1000 }));
  writeFileSync(join(moon, 'ca.crl'), issueCrl({ ...plan, revoked }, CA));
});
certificates.after(() => lab.end());

certificates('certificate print of the daemon: names, dates, fingerprints', async () => {
  await lab.prepare({ ...both, certificates: [{ name: 'gone', file: 'gone.pem' }] }, 'strongswan');
  const rows = JSON.parse(await lab.culvert.command('certificate', 'print', '--json')) as Rows;
  const { x509 } = readCertificate(MOON.certificate);
  assert.equal(
    rows.map((row) => [row.name, row['private-key'], row.authority, row.trusted]),
    [
      ['own', true, false, false],
      ['ca', false, true, true],
      ['gone', false, false, false],
    ],
  );
  assert.is(rows[0]!.fingerprint, x509.fingerprint256.replaceAll(':', '').toLowerCase());
  assert.is(Date.parse(String(rows[0]!['invalid-after'])), Date.parse(x509.validTo));
  assert.match(String(rows[2]!.failure), /gone\.pem: not found/);
  assert.match(lab.said().culvert, /error system certificate 'gone': .*not found/);
});

for (const [name, one, ours, theirs] of GOOD) {
  for (const caller of ['strongswan', 'culvert'] as Caller[]) {
    certificates(`${name}, ${caller} calls`, async () => {
      await lab.prepare(one, caller);
      if (caller === 'strongswan') {
        const { status, output } = await lab.strongswan.initiate('net');
        assert.is(status, 0, `${output}\n${lab.said().culvert}`);
      }
      await lab.waitFor('culvert', /CHILD_SA|child .* is up|installed/);
      await lab.waitFor('culvert', ours);
      await lab.waitFor('strongswan', theirs);
      assert.is(await ping(lab.topology, 'alice', 'v4', { count: 1 }), 1, 'no ping');
      await lab.clear();
    });
  }
}

certificates('a CA is taken from the menu: the reload ends the connection we made', async () => {
  await lab.prepare(both, 'culvert');
  await lab.waitFor('culvert', /IKE SA is up/);
  assert.is(await ping(lab.topology, 'alice', 'v4', { count: 1 }), 1, 'no ping');
  await lab.prepare({ ...both, moonTrusts: STRANGER }, 'culvert');
  await lab.waitFor('culvert', /sun.example is trusted no longer, .*no CA that is trusted here/);
  await lab.waitFor('strongswan', /received DELETE for IKE_SA/);
  assert.equal(await lab.culvert.print('installed-sa print'), []);
  await lab.clear();
});

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** strongSwan takes the PKCS#12 file as a phone would, and nothing else. */
function takeBundle(): Promise<void> {
  const swanctl = join(lab.topology.folder, 'sun/swanctl');
  for (const kind of ['x509', 'x509ca', 'private']) {
    rmSync(join(swanctl, kind), { recursive: true });
    mkdirSync(join(swanctl, kind));
  }
  mkdirSync(join(swanctl, 'pkcs12'), { recursive: true });
  copyFileSync(join(lab.topology.folder, 'sun.p12'), join(swanctl, 'pkcs12/sun.p12'));
  const secret = 'secrets { pkcs12-sun { file = sun.p12\n secret = "correct horse" } }';
  return lab.strongswan.loadText(`${swanctlConf(both, '')}${secret}`);
}

certificates(
  'a road warrior made by commands alone, let in, ended by revoke, let in no more',
  async () => {
    const file = join(lab.topology.folder, 'moon/culvert.json');
    const culvert = async (...words: string[]): Promise<void> => {
      const { status, output } = await run(undefined, [
        process.execPath,
        MAIN,
        ...words,
        '--file',
        file,
      ]);
      assert.is(status, 0, output);
    };
    await lab.prepare(both, 'strongswan');
    const certificate = (...words: string[]) => culvert('certificate', ...words);
    await certificate('create', 'name=lab', 'key-usage=key-cert-sign,crl-sign', 'days-valid=900');
    const ours = ['ca=lab', 'subject-alt-name=DNS:gw.example', 'key-size=prime256v1'];
    await certificate('create', 'name=gw', ...ours);
    await certificate('create', 'name=sun', 'ca=lab', 'subject-alt-name=DNS:sun.example');
    const bundle = ['type=pkcs12', 'export-passphrase=correct horse'];
    const out = join(lab.topology.folder, 'sun.p12');
    await certificate('export', 'name=sun', ...bundle, `file-name=${out}`);
    await culvert('identity', 'set', '0', 'certificate=gw');
    await lab.culvert.command('reload');
    await takeBundle();
    const { status, output } = await lab.strongswan.initiate('net');
    assert.is(status, 0, `${output}\n${lab.said().culvert}`);
    assert.match(lab.said().culvert, /signed with rsa-sha256, certificate CN=sun/);
    assert.is(await ping(lab.topology, 'alice', 'v4', { count: 1 }), 1, 'no ping');
    await certificate('revoke', 'name=sun');
    await lab.culvert.command('reload');
    // Who is connected goes at once, and hears of it.
    await lab.waitFor('culvert', /trusted no longer, .*certificate "CN=sun" .*: revoked/);
    await lab.waitFor('strongswan', /received DELETE for IKE_SA/);
    assert.equal(await lab.culvert.print('installed-sa print'), []);
    assert.is.not((await lab.strongswan.initiate('net')).status, 0);
    await lab.waitFor('culvert', /certificate "CN=sun" .*: revoked/);
    await lab.waitFor('strongswan', /received AUTHENTICATION_FAILED notify error/);
    await lab.clear();
  },
);

/** OpenSSL's own responder, which answers that every certificate of its list is revoked. */
async function responder(holder: Holder) {
  const folder = lab.topology.folder;
  const path = (name: string) => join(folder, name);
  const { x509 } = readCertificate(holder.certificate);
  const line = [
    'R',
    '391231235959Z',
    '250101000000Z',
    x509.serialNumber,
    'unknown',
    '/O=Lab/CN=sun',
  ];
  writeFileSync(path('index.txt'), `${line.join('\t')}\n`);
  writeFileSync(path('ocsp-ca.pem'), toPem('CERTIFICATE', CA.certificate));
  writeFileSync(path('ocsp-ca.key'), keyPem(CA), { mode: 0o600 });
  const signer = [
    '-rsigner',
    path('ocsp-ca.pem'),
    '-rkey',
    path('ocsp-ca.key'),
    '-CA',
    path('ocsp-ca.pem'),
  ];
  const argv = ['openssl', 'ocsp', '-index', path('index.txt'), '-port', `${OCSP_PORT}`, ...signer];
  return background(lab.topology.namespace('moon'), argv, path('ocsp.out'));
}

/** Serves the CA's CRL, whatever is asked for. */
function distributionPoint() {
  const file = JSON.stringify(join(lab.topology.folder, 'moon/ca.crl'));
  const serve = `(_, response) => response.end(require('fs').readFileSync(${file}))`;
  const script = `require('http').createServer(${serve}).listen(${CRL_PORT}, '127.0.0.1')`;
  const argv = [process.execPath, '-e', script];
  return background(lab.topology.namespace('moon'), argv, join(lab.topology.folder, 'crl.out'));
}

/** What a case needs beside the two gateways. */
function serverFor(name: string, one: Case): Promise<ChildProcess> | ChildProcess | undefined {
  if (name.includes('OCSP')) return responder(one.sun[0]!);
  return name.includes('distribution') ? distributionPoint() : undefined;
}

const listens = async (): Promise<boolean> => {
  const { output } = await run(lab.topology.namespace('moon'), ['ss', '-Hltn']);
  return output.includes(`:${OCSP_PORT}`) || output.includes(`:${CRL_PORT}`);
};

for (const [at, [name, one, why]] of BAD.entries()) {
  // Every second one the other way round: what is checked is the same, how it is refused is not.
  const caller: Caller = at % 2 === 0 ? 'strongswan' : 'culvert';
  certificates(`a certificate that is ${name}: refused, ${caller} calls`, async () => {
    const server = await serverFor(name, one);
    if (server) await eventually('the server to listen', listens);
    await lab.prepare(one, caller);
    if (caller === 'strongswan') {
      const { status } = await lab.strongswan.initiate('net');
      assert.is.not(status, 0, 'strongSwan brought up what it should not');
    }
    await lab.waitFor('culvert', why);
    await lab.waitFor('strongswan', /AUTHENTICATION_FAILED|N\(AUTH_FAILED\)/);
    assert.equal(await lab.culvert.print('installed-sa print'), []);
    await nothingPasses(lab.topology, 'alice', 'v4');
    if (server) await stop(server, 'SIGTERM', 'the server');
    await lab.clear();
  });
}

if ((await prepare('strongswan')) === undefined) certificates.run();
