// Paths, judged here and by `openssl verify`: both must agree on every one. What RFC 4945 asks of the
// leaf beyond RFC 5280, and what a damaged CRL, request or OCSP answer does: nothing but an error.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { issueCrl } from '../../src/certificates/author.js';
import { readCertificate } from '../../src/certificates/certificate.js';
import { readCrl } from '../../src/certificates/crl.js';
import { toPem } from '../../src/certificates/files.js';
import { ocspQuestion } from '../../src/certificates/ocsp.js';
import { native } from '../../src/certificates/openssl.js';
import { judge, verifyPath } from '../../src/certificates/verify.js';
import { CertificateError } from '../../src/crypto/certificates.js';
import { ocspAnswer } from './ocsp-responder.js';
import { type Holder, issue, type Plan, serialOf } from './pki.js';

const verify = suite('certificate paths');
const folder = mkdtempSync(join(tmpdir(), 'culvert-paths-'));
const now = Math.floor(Date.now() / 1000);

const ROOT = issue({ cn: 'Root', ca: true, until: 9 });
const OTHER = issue({ cn: 'Root', ca: true, until: 9 });
const ca = (plan: Partial<Plan>, issuer = ROOT): Holder =>
  issue({ cn: 'Middle', ca: true, until: 9, ...plan }, issuer);
const leaf = (plan: Partial<Plan>, issuer: Holder): Holder =>
  issue({ cn: 'leaf', san: 'DNS:leaf.example', ...plan }, issuer);
const named = (constraints: string) =>
  ca({ extensions: [['nameConstraints', `critical,${constraints}`]] });
const MIDDLE = ca({});
const NO_SIGN = issue(
  { cn: 'No sign', extensions: [['basicConstraints', 'critical,CA:TRUE']] },
  ROOT,
);
const SHALLOW = ca({ pathLength: 0 });
const BELOW = ca({ cn: 'Below' }, SHALLOW);
const ONLY_LEAF = named('permitted;DNS:leaf.example');
const NOT_LEAF = named('excluded;DNS:leaf.example');
const ONLY_MAIL = named('permitted;email:example.org');
const ONLY_NET = named('permitted;IP:192.0.2.0/255.255.255.0');

/** Name, the path from the leaf up to below the root, whether it holds, the anchor. */
const PATHS: readonly [string, readonly Holder[], boolean, Holder?][] = [
  ['directly below the root', [leaf({}, ROOT)], true],
  ['over an intermediate CA', [leaf({}, MIDDLE), MIDDLE], true],
  ['the intermediate CA is missing', [leaf({}, MIDDLE)], false],
  ['the intermediate CA itself is trusted', [leaf({}, MIDDLE)], true, MIDDLE],
  ['another root of the same name', [leaf({}, ROOT)], false, OTHER],
  ['issued by a stranger', [leaf({}, STRANGER())], false],
  ['expired', [leaf({ from: -3, until: -1 }, ROOT)], false],
  ['not yet valid', [leaf({ from: 1, until: 2 }, ROOT)], false],
  ['an expired intermediate CA', chain({ from: -3, until: -1 }), false],
  ['issued by a leaf', [leaf({}, leaf({}, ROOT)), leaf({}, ROOT)], false],
  ['issued by a CA that may not sign', [leaf({}, NO_SIGN), NO_SIGN], false],
  ['the path length is kept', [leaf({}, SHALLOW), SHALLOW], true],
  ['the path length is exceeded', [leaf({}, BELOW), BELOW, SHALLOW], false],
  ['a permitted name', [leaf({}, ONLY_LEAF), ONLY_LEAF], true],
  ['a name that is not permitted', [leaf({ san: 'DNS:x.example' }, ONLY_LEAF), ONLY_LEAF], false],
  ['an excluded name', [leaf({}, NOT_LEAF), NOT_LEAF], false],
  ['a permitted mailbox', [leaf({ san: 'email:a@example.org' }, ONLY_MAIL), ONLY_MAIL], true],
  ['another mailbox', [leaf({ san: 'email:a@example.com' }, ONLY_MAIL), ONLY_MAIL], false],
  ['a permitted address', [leaf({ san: 'IP:192.0.2.7' }, ONLY_NET), ONLY_NET], true],
  ['another address', [leaf({ san: 'IP:198.51.100.7' }, ONLY_NET), ONLY_NET], false],
  [
    'an unknown extension that is critical',
    [leaf({ extensions: [['1.2.3.4', 'critical,DER:05:00']] }, ROOT)],
    false,
  ],
  [
    'an unknown extension that is not',
    [leaf({ extensions: [['1.2.3.4', 'DER:05:00']] }, ROOT)],
    true,
  ],
];

function STRANGER(): Holder {
  return issue({ cn: 'Stranger', ca: true });
}
function chain(plan: Partial<Plan>): Holder[] {
  const middle = ca(plan);
  return [leaf({}, middle), middle];
}

const openssl = (...args: string[]) => spawnSync('openssl', args, { encoding: 'utf8' });
const judges = openssl('version').error === undefined;
if (!judges) console.log('NOTE no openssl command: nobody judges the same paths beside us');

for (const [name, path, holds, anchor = ROOT] of PATHS) {
  verify(`${name}: ${holds ? 'holds' : 'does not hold'}`, () => {
    const [own, ...others] = path.map(({ certificate }) => readCertificate(certificate));
    const trust = { anchors: [readCertificate(anchor.certificate)], now };
    const verdict = judge(own!, others, trust);
    assert.is(verdict.code === 0, holds, verdict.text);
    if (holds) assert.is(verdict.path.length, path.length + 1);
    if (!judges) return;
    const file = (what: string, holders: readonly Holder[]): string => {
      const pem = holders.map(({ certificate }) => toPem('CERTIFICATE', certificate));
      writeFileSync(join(folder, what), pem.join(''));
      return join(folder, what);
    };
    const [first, ...rest] = path;
    const untrusted = rest.length > 0 ? ['-untrusted', file('rest', rest)] : [];
    const trusted = ['-partial_chain', '-auth_level', '1', '-trusted', file('trust', [anchor])];
    const said = openssl('verify', ...trusted, ...untrusted, file('leaf', [first!]));
    assert.is(said.status === 0, holds, said.stdout + said.stderr);
    if (!holds) assert.ok(said.stderr.includes(verdict.text), `${said.stderr} / ${verdict.text}`);
  });
}

verify('MD5 and SHA-1 in a path, and short keys, are refused', () => {
  if (!judges) return;
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('ca.pem'), toPem('CERTIFICATE', ROOT.certificate));
  writeFileSync(at('ca.key'), ROOT.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const made = (digest: string, bits: number): Uint8Array => {
    const subject = ['-subj', '/CN=weak', '-keyout', at('weak.key'), '-out', at('weak.csr')];
    openssl('req', '-new', '-newkey', `rsa:${bits}`, '-noenc', ...subject);
    const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '1'];
    const out = ['-in', at('weak.csr'), '-outform', 'der', '-out', at('weak.der')];
    const { status, stderr } = openssl('x509', '-req', `-${digest}`, ...by, ...out);
    assert.is(status, 0, stderr);
    return spawnSync('cat', [at('weak.der')]).stdout;
  };
  const trust = { anchors: [readCertificate(ROOT.certificate)], now: now + 60 };
  const said = (digest: string, bits: number) =>
    judge(readCertificate(made(digest, bits)), [], trust).text;
  assert.is(said('sha256', 2048), 'ok');
  assert.match(said('sha1', 2048), /digest algorithm too weak/);
  assert.match(said('sha256', 512), /key too weak/);
});

verify('the leaf must be for signing, and for IKE or TLS', () => {
  const trust = { anchors: [readCertificate(ROOT.certificate)], now };
  const said = (plan: Partial<Plan>): string => {
    const one = readCertificate(leaf(plan, ROOT).certificate);
    try {
      return `path of ${verifyPath(one, [], trust).length}`;
    } catch (error) {
      return (error as Error).message;
    }
  };
  const usage = (value: string) => said({ extensions: [['extendedKeyUsage', value]] });
  for (const good of ['serverAuth', 'clientAuth', '1.3.6.1.5.5.7.3.17', 'anyExtendedKeyUsage']) {
    assert.is(usage(good), 'path of 2', good);
  }
  assert.is(usage('codeSigning,serverAuth'), 'path of 2');
  assert.match(usage('codeSigning'), /extended key usage \(1\.3\.6\.1\.5\.5\.7\.3\.3\) is not for/);
  assert.match(said({ ca: true }), /neither digitalSignature nor nonRepudiation/);
});

verify('damaged CRLs and OCSP answers are errors, nothing else', () => {
  const subject = leaf({}, ROOT);
  const revoked = [{ serial: serialOf(subject), at: Date.now() }];
  const plan = { number: 1, thisUpdate: Date.now() - 1000, nextUpdate: Date.now() + 9e6, revoked };
  const crl = issueCrl(plan, ROOT);
  assert.is(readCrl(crl).revoked.length, 1);
  const [own, root] = [subject, ROOT].map(({ certificate }) => readCertificate(certificate));
  const trust = { anchors: [root!], now };
  const question = ocspQuestion([own!, root!], trust);
  const answer = ocspAnswer({ status: 'revoked', signer: ROOT, subject, issuer: ROOT });
  assert.is(question.answer(answer), 'revoked');
  const works: [Uint8Array, (bytes: Uint8Array) => unknown][] = [
    [crl, readCrl],
    // A CRL that is damaged may be no CRL; it never makes a revoked certificate good.
    [crl, (bytes) => assert.is.not(judge(own!, [], trust, [bytes]).code, 0)],
    [answer, (bytes) => assert.is(question.answer(bytes), 'revoked')],
  ];
  let refused = 0;
  for (const [whole, work] of works) {
    for (let at = 0; at < whole.length; at += 2) {
      for (const bent of [whole.subarray(0, at), changed(whole, at, 0xff), changed(whole, at, 1)]) {
        try {
          work(bent);
        } catch (error) {
          assert.instance(error, CertificateError, `${at}: ${(error as Error).stack}`);
          refused++;
        }
      }
    }
  }
  assert.ok(refused > 500, `${refused} refused`);
});

function changed(bytes: Uint8Array, at: number, by: number): Uint8Array {
  const bent = Uint8Array.from(bytes);
  bent[at]! ^= by;
  return bent;
}

verify('where OpenSSL lacks a function nothing is believed, and the reason is said', () => {
  const missing = () => native('X509_there_is_no_such_function', ['int']);
  assert.throws(missing, /does not export OpenSSL's X509_there.*cannot be checked/);
});

verify.after(() => rmSync(folder, { recursive: true }));
verify.run();
