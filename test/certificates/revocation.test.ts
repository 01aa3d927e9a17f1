// Revocation by CRLs from files, by CRLs and OCSP from an HTTP server, under each policy; and what
// answers are worth nothing. The server is real; whom it signs for is not always right.
// Shows settings.certificate-revocation, certificate.crl-file
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { issueCrl } from '../../src/certificates/author.js';
import { readCertificate } from '../../src/certificates/certificate.js';
import { toPem } from '../../src/certificates/files.js';
import { fetchHttp } from '../../src/certificates/http.js';
import { type RevocationPolicy, revocationCheck } from '../../src/certificates/revocation.js';
import { type Answer, ocspAnswer } from './ocsp-responder.js';
import { type Holder, issue, serialOf } from './pki.js';

const revocation = suite('revocation');
const HOUR_MS = 3_600_000;

type Reply = (request: IncomingMessage, body: Buffer) => Uint8Array | number | 'silence';
let reply: Reply = () => 404;
let asked = 0;
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    asked++;
    const answer = reply(request, Buffer.concat(parts));
    if (answer === 'silence') return;
    if (typeof answer === 'number') response.writeHead(answer).end();
    else response.end(answer);
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const ROOT = issue({ cn: 'Root', ca: true });
const CA = issue({ cn: 'CA', ca: true }, ROOT);
const OTHER = issue({ cn: 'Other', ca: true });
const DELEGATE = issue({ cn: 'OCSP', extensions: [['extendedKeyUsage', 'OCSPSigning']] }, CA);
const NO_DELEGATE = issue({ cn: 'No OCSP' }, CA);
const plain = issue({ cn: 'plain' }, ROOT);
const withCrl = issue(
  { cn: 'crl', extensions: [['crlDistributionPoints', `URI:${base}/ca.crl`]] },
  ROOT,
);
const withOcsp = issue(
  { cn: 'ocsp', extensions: [['authorityInfoAccess', `OCSP;URI:${base}/ocsp`]] },
  CA,
);

const crl = (revoked: readonly Holder[], issuer: Holder, until = HOUR_MS): Uint8Array => {
  const now = Date.now();
  const list = revoked.map((holder) => ({ serial: serialOf(holder), at: now - 1000 }));
  const thisUpdate = Math.min(now, now + until) - 10_000;
  return issueCrl({ number: 7, thisUpdate, nextUpdate: now + until, revoked: list }, issuer);
};

/** What the check says of a path: warnings, or the reason of the refusal. */
async function check(
  policy: RevocationPolicy,
  path: readonly Holder[],
  crls: readonly Uint8Array[] = [],
): Promise<readonly string[] | string> {
  asked = 0;
  const one = revocationCheck({ policy: () => policy, now: Date.now, fetch: fetchHttp });
  const full = path.map(({ certificate }) => readCertificate(certificate));
  return one(full, crls).catch((error: Error) => error.message);
}

const CRL_CASES: readonly [string, Uint8Array[], string | undefined, string | undefined][] = [
  ['good', [crl([], ROOT)], undefined, undefined],
  ['revoked', [crl([plain], ROOT)], 'CN=plain" (serial', 'revoked'],
  ['one of several', [crl([plain], CA), crl([plain], ROOT)], 'revoked', 'revoked'],
  ['of another CA', [crl([plain], OTHER)], undefined, 'unable to get certificate CRL'],
  ['out of date', [crl([], ROOT, -HOUR_MS)], undefined, 'CRL has expired'],
  ['revoked, out of date', [crl([plain], ROOT, -HOUR_MS)], 'revoked', 'revoked'],
  ['no CRL', [], undefined, 'it names no CRL and no OCSP responder'],
];

for (const [name, crls, ifPresent, strict] of CRL_CASES) {
  revocation(`CRL from a file: ${name}`, async () => {
    const path = [plain, ROOT];
    for (const [policy, expected] of [
      ['if-present', ifPresent],
      ['strict', strict],
    ] as const) {
      const said = await check(policy, path, crls);
      if (expected === undefined) assert.equal(said, [], policy);
      else assert.ok(String(said).includes(expected), `${policy}: ${said}`);
    }
    assert.equal(await check('off', path, crls), []);
  });
}

revocation('a forged CRL does not count', async () => {
  const forged = issueCrl(
    {
      number: 8,
      thisUpdate: Date.now() - 1000,
      nextUpdate: Date.now() + HOUR_MS,
      revoked: [{ serial: serialOf(plain), at: Date.now() }],
    },
    { certificate: ROOT.certificate, privateKey: OTHER.privateKey },
  );
  assert.equal(await check('if-present', [plain, ROOT], [forged]), []);
  assert.match(String(await check('strict', [plain, ROOT], [forged])), /signature/i);
});

revocation('the whole path counts: a revoked intermediate CA', async () => {
  const leaf = issue({ cn: 'leaf' }, CA);
  const crls = [crl([], CA), crl([CA], ROOT)];
  assert.match(String(await check('if-present', [leaf, CA, ROOT], crls)), /CN=CA".*revoked/);
});

revocation('CRL of a distribution point: DER and PEM, good, revoked, missing', async () => {
  const path = [withCrl, ROOT];
  for (const form of [
    (der: Uint8Array) => der,
    (der: Uint8Array) => Buffer.from(toPem('X509 CRL', der)),
  ]) {
    reply = () => form(crl([], ROOT));
    assert.equal(await check('strict', path), []);
    reply = () => form(crl([withCrl], ROOT));
    assert.match(String(await check('if-present', path)), /CN=crl".*: revoked$/);
  }
  reply = () => 404;
  assert.match(String(await check('if-present', path)), /not known: .*ca.crl: HTTP status 404/);
  assert.match(String(await check('strict', path)), /not known: .*HTTP status 404/);
  assert.equal(await check('off', path), []);
  assert.is(asked, 0, 'off asks nobody');
});

revocation('a CRL that was fetched serves again, and so does a failure', async () => {
  const path = [withCrl, ROOT].map(({ certificate }) => readCertificate(certificate));
  for (const answer of [crl([], ROOT), 500]) {
    reply = () => answer;
    asked = 0;
    let now = Date.now();
    const one = revocationCheck({ policy: () => 'if-present', now: () => now, fetch: fetchHttp });
    for (let turn = 0; turn < 3; turn++) await one(path, []);
    assert.is(asked, 1);
    now += 400_000;
    await one(path, []);
    assert.is(asked, 2);
  }
});

const ocsp =
  (status: Answer['status'], signer: Holder, more: Partial<Answer> = {}): Reply =>
  (request, body) => {
    assert.is(request.method, 'POST');
    assert.is(request.headers['content-type'], 'application/ocsp-request');
    return ocspAnswer({ status, signer, subject: withOcsp, issuer: CA, request: body, ...more });
  };

const OCSP_CASES: readonly [string, Reply, string | undefined, string | undefined][] = [
  ['good, by the CA', ocsp('good', CA), undefined, undefined],
  ['good, by a delegate', ocsp('good', DELEGATE), undefined, undefined],
  ['revoked', ocsp('revoked', CA), 'revoked', 'revoked'],
  ['unknown', ocsp('unknown', CA), 'the responder does not know it', 'does not know it'],
  ['by one without the right', ocsp('good', NO_DELEGATE), 'not signed by who may', 'who may'],
  ['by a stranger', ocsp('good', OTHER), 'not signed by who may', 'who may'],
  ['revoked, by a stranger', ocsp('revoked', OTHER), 'not signed by who may', 'who may'],
  ['out of date', ocsp('good', CA, { validFor: -9999 }), 'out of date', 'out of date'],
  [
    'of another certificate',
    ocsp('good', CA, { subject: NO_DELEGATE }),
    'about another',
    'about another',
  ],
  ['nonsense', () => Buffer.from('nonsense'), 'no OCSP response', 'no OCSP response'],
  ['nobody there', () => 503, 'HTTP status 503', 'HTTP status 503'],
];

for (const [name, answer, ifPresent, strict] of OCSP_CASES) {
  revocation(`OCSP: ${name}`, async () => {
    reply = answer;
    const path = [withOcsp, CA, ROOT];
    const crls = [crl([], ROOT)];
    for (const [policy, expected] of [
      ['if-present', ifPresent],
      ['strict', strict],
    ] as const) {
      const said = await check(policy, path, crls);
      if (expected === undefined) assert.equal(said, [], policy);
      else assert.ok(String(said).includes(expected), `${policy}: ${said}`);
      // if-present lets it pass with a warning, unless it is revoked.
      const passes = policy === 'if-present' && expected !== 'revoked';
      assert.is(typeof said === 'string', !passes && expected !== undefined, `${policy}: ${said}`);
    }
  });
}

revocation('a replayed OCSP answer to another nonce does not count', async () => {
  let old: Uint8Array | undefined;
  reply = (request, body) => {
    old ??= ocsp('good', CA)(request, body) as Uint8Array;
    return old;
  };
  const path = [withOcsp, CA, ROOT];
  assert.equal(await check('strict', path, [crl([], ROOT)]), []);
  assert.match(String(await check('strict', path, [crl([], ROOT)])), /answers another question/);
});

revocation('a server that says nothing is waited for three seconds', async () => {
  reply = () => 'silence';
  assert.match(String(await check('strict', [withCrl, ROOT])), /no answer within 3 s/);
  server.closeAllConnections();
});

revocation('only http is asked', async () => {
  for (const url of ['https://127.0.0.1/x', 'file:///etc/passwd', 'ldap://127.0.0.1/x']) {
    assert.match(await fetchHttp(url).then(String, (error: Error) => error.message), /only http/);
  }
});

revocation.after(() => {
  server.closeAllConnections();
  server.close();
});
revocation.run();
