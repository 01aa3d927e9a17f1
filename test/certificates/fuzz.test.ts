// Certificates, requests, CRLs, OCSP answers, PKCS#12 files and keys that somebody changed: OpenSSL and
// what reads beside it refuse them with a CertificateError, and the process lives on.
import { createPublicKey, sign } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { issueCrl } from '../../src/certificates/author.js';
import { readCertificate } from '../../src/certificates/certificate.js';
import { readCrl } from '../../src/certificates/crl.js';
import { blocks, parseKey, toPem } from '../../src/certificates/files.js';
import { ocspQuestion } from '../../src/certificates/ocsp.js';
import { isPkcs12, readPkcs12, writePkcs12 } from '../../src/certificates/pkcs12.js';
import { readRequest } from '../../src/certificates/request.js';
import { judge, X509_V_ERR } from '../../src/certificates/verify.js';
import { CertificateError } from '../../src/crypto/certificates.js';
import { formatName } from '../../src/crypto/distinguished-name.js';
import { mutated, runs, seedOf } from '../helpers/fuzzing.js';
import { Random } from '../wire/random.js';
import { ocspAnswer } from './ocsp-responder.js';
import { issue, serialOf } from './pki.js';

const fuzz = suite('certificates fuzz');
const CA = issue({ cn: 'CA', ca: true });
const EAST = issue(
  {
    cn: 'east',
    san: 'DNS:east.example,email:east@example.org,IP:192.0.2.2',
    extensions: [
      ['crlDistributionPoints', 'URI:http://192.0.2.9/ca.crl'],
      ['authorityInfoAccess', 'OCSP;URI:http://192.0.2.9/'],
      ['extendedKeyUsage', 'serverAuth,1.3.6.1.5.5.7.3.17'],
    ],
  },
  CA,
);

/** What `work` returns, or undefined where it refuses in the way it may. */
function refusing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    assert.ok(error.message.length > 0 && error.message.length < 2000);
    return undefined;
  }
}

/** DER of one tag with definite length. */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const inside = Buffer.concat(content);
  const length =
    inside.length < 128 ? [inside.length] : [0x82, inside.length >> 8, inside.length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), inside]);
}

const SEQUENCE = 0x30;
const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex');
/** CN=west, and the request for a subjectAltName of three kinds. */
const NAME = der(
  SEQUENCE,
  der(0x31, der(SEQUENCE, bytesOf('0603550403'), der(0x0c, Buffer.from('west')))),
);
const NAMES = der(
  SEQUENCE,
  der(0x82, Buffer.from('west.example')),
  der(0x81, Buffer.from('west@example.org')),
  der(0x87, Buffer.of(192, 0, 2, 1)),
);
const EXTENSION = der(SEQUENCE, bytesOf('0603551d11'), der(0x04, NAMES));
const ASKED = der(
  0xa0,
  der(SEQUENCE, bytesOf('06092a864886f70d01090e'), der(0x31, der(SEQUENCE, EXTENSION))),
);

/** A PKCS#10 request signed by `EAST`, whatever stands in it. */
function requestOf(name: Uint8Array, asked: Uint8Array): Uint8Array {
  const spki = createPublicKey(EAST.privateKey).export({ type: 'spki', format: 'der' });
  const info = der(SEQUENCE, bytesOf('020100'), name, spki, asked);
  const algorithm = der(SEQUENCE, bytesOf('06082a8648ce3d040302'));
  const signature = sign('sha256', info, EAST.privateKey);
  return der(SEQUENCE, info, algorithm, der(0x03, Buffer.of(0), signature));
}

fuzz('certificates: read or refused; what is read can be printed and judged', () => {
  const random = new Random(seedOf(5280));
  const trust = { anchors: [readCertificate(CA.certificate)], now: Math.floor(Date.now() / 1000) };
  let read = 0;
  for (let i = 0; i < runs(3000); i++) {
    const bytes = mutated(random, random.pick([CA, EAST]).certificate);
    const found = refusing(() => readCertificate(bytes));
    if (!found) continue;
    read++;
    assert.ok(found.subjectText.length <= 256 && !/\p{C}/u.test(found.subjectText));
    const verdict = refusing(() => judge(found, [], trust));
    // mutations of what no signature covers, or none at all
    const same = [CA, EAST].some(({ certificate }) => Buffer.from(found.der).equals(certificate));
    if (verdict?.code === 0) assert.ok(same, 'a changed certificate is not believed');
  }
  assert.ok(read > 20, `${read} read`);
});

fuzz('names and anything else as a name: printable and bounded, or none', () => {
  const random = new Random(seedOf(4514));
  const { subject } = readCertificate(EAST.certificate);
  for (let i = 0; i < runs(10_000); i++) {
    const text = formatName(random.chance(0.1) ? random.bytes(30) : mutated(random, subject));
    if (text !== undefined) assert.ok(text.length <= 256 && !/\p{C}/u.test(text));
  }
});

fuzz(
  'requests: changed after the signature none is believed, before it what stands there is read',
  () => {
    const random = new Random(seedOf(2986));
    const good = readRequest(requestOf(NAME, ASKED));
    assert.is(good.commonName, 'west');
    assert.is(good.subjectAltName, 'DNS:west.example,email:west@example.org,IP:192.0.2.1');
    const whole = requestOf(NAME, ASKED);
    for (let i = 0; i < runs(1000); i++) {
      const changed = mutated(random, whole);
      const read = refusing(() => readRequest(changed));
      if (read)
        assert.equal(
          [read.commonName, read.subjectAltName],
          [good.commonName, good.subjectAltName],
        );
      refusing(() => readRequest(requestOf(mutated(random, NAME), ASKED)));
      refusing(() => readRequest(requestOf(NAME, mutated(random, ASKED))));
    }
  },
);

fuzz('CRLs and OCSP answers', () => {
  const random = new Random(seedOf(6960));
  const now = Date.now();
  const crl = issueCrl(
    {
      number: 7,
      thisUpdate: now - 60_000,
      nextUpdate: now + 60_000,
      revoked: [{ serial: serialOf(EAST), at: now - 60_000 }],
    },
    CA,
  );
  const [leaf, authority] = [EAST, CA].map(({ certificate }) => readCertificate(certificate));
  const trust = { anchors: [authority!], now: Math.floor(now / 1000) };
  const question = ocspQuestion([leaf!, authority!], trust);
  const { request } = question;
  const answer = ocspAnswer({ status: 'revoked', subject: EAST, issuer: CA, signer: CA, request });
  assert.is(question.answer(answer), 'revoked');
  assert.is(judge(leaf!, [], trust, [crl]).code, X509_V_ERR.CERT_REVOKED);
  for (let i = 0; i < runs(1000); i++) {
    const changed = mutated(random, crl);
    const list = refusing(() => readCrl(changed));
    if (list) assert.ok(list.revoked.length < 100 && Number.isFinite(list.thisUpdate));
    assert.is.not(judge(leaf!, [], trust, [changed]).code, 0, 'never good by a changed CRL');
    const said = refusing(() => question.answer(mutated(random, answer)));
    assert.is.not(said, 'good');
  }
});

fuzz('PKCS#12, keys and PEM', () => {
  const random = new Random(seedOf(7292));
  const { certificate, privateKey } = EAST;
  const file = writePkcs12({ certificate, privateKey, chain: [CA.certificate] }, 'east', 'word');
  assert.equal(readPkcs12(file, 'word').chain.length, 1);
  const key = privateKey.export({ type: 'pkcs8', format: 'der' });
  const pem = Buffer.from(toPem('CERTIFICATE', certificate) + toPem('PRIVATE KEY', key));
  for (let i = 0; i < runs(300); i++) {
    // its head alone: further in stand iterations, and two thousand million of those take a while
    const head = mutated(random, file.subarray(0, 30));
    const changed = random.chance(0.5)
      ? new Uint8Array(Buffer.concat([head, file.subarray(30)]))
      : file.subarray(0, random.between(0, file.length - 1));
    if (isPkcs12(changed)) refusing(() => readPkcs12(changed, 'word'));
    refusing(() => readPkcs12(changed, 'another'));
    const text = Buffer.from(mutated(random, pem));
    for (const block of blocks(text, 'CERTIFICATE')) refusing(() => readCertificate(block));
    for (const bytes of [text, Buffer.from(mutated(random, key))]) {
      try {
        parseKey(bytes);
      } catch (error) {
        assert.ok(error instanceof Error && error.message.length > 0);
      }
    }
  }
});

fuzz.run();
