// OCSP (RFC 6960): one certificate, one question. OpenSSL builds the request, verifies the answer's
// signature and its signer's right to answer, and finds the verdict in it.
import { randomBytes } from 'node:crypto';
import { CertificateError } from '../crypto/certificates.js';
import type { FullCertificate } from './certificate.js';
import { decode, encode, scoped, type Scope, ssl } from './openssl.js';
import type { Trust } from './verify.js';

const NONCE_BYTES = 32; // RFC 8954 §2.1
const PARTIAL_CHAIN = 0x80000;
/** Our own choice: how far the responder's clock may be off, seconds. */
const CLOCK_SKEW = 300;
const SUCCESSFUL = 0;
const STATUS = ['good', 'revoked'] as const;

export interface Question {
  readonly request: Uint8Array;
  /** The verdict of an answer; throws a CertificateError where it is none to this question. */
  answer(response: Uint8Array): 'good' | 'revoked' | 'unknown';
}

/** Asks about the first of `path`, which the second issued; the others lead to an anchor. */
export function ocspQuestion(path: readonly FullCertificate[], trust: Trust): Question {
  const [subject, issuer] = path;
  const nonce = randomBytes(NONCE_BYTES);
  const request = (scope: Scope): number => {
    const made = scope.own(ssl('OCSP_REQUEST_new'), 'OCSP_REQUEST_free', 'an OCSP request');
    const id = idOf(scope, subject!, issuer!);
    if (ssl('OCSP_request_add0_id', made, id) === 0) throw new CertificateError('OCSP request');
    ssl('OCSP_request_add1_nonce', made, scope.at(nonce), nonce.length);
    return made;
  };
  return {
    request: scoped((scope) => encode('i2d_OCSP_REQUEST', request(scope))),
    answer: (response) => scoped((scope) => verdict(scope, response, request(scope), path, trust)),
  };
}

/** OCSP_CERTID with SHA-1, which every responder knows; it only names, and secures nothing. */
function idOf(scope: Scope, subject: FullCertificate, issuer: FullCertificate): number {
  const [one, other] = [subject, issuer].map(({ der }) => scope.certificate(der));
  const id = ssl('OCSP_cert_to_id', 0, one!, other!);
  if (id === 0) throw new CertificateError('OpenSSL: OCSP_cert_to_id failed');
  return id;
}

function verdict(
  scope: Scope,
  response: Uint8Array,
  request: number,
  path: readonly FullCertificate[],
  { anchors }: Trust,
): 'good' | 'revoked' | 'unknown' {
  const outer = decode('d2i_OCSP_RESPONSE', response);
  if (outer === 0) throw new CertificateError('the answer is no OCSP response');
  scope.own(outer, 'OCSP_RESPONSE_free', 'OCSP');
  const status = ssl('OCSP_response_status', outer);
  if (status !== SUCCESSFUL) throw new CertificateError(`the OCSP responder refuses (${status})`);
  const basic = ssl('OCSP_response_get1_basic', outer);
  scope.own(basic, 'OCSP_BASICRESP_free', 'reading the OCSP response');
  // 1: equal; 2, 3: none in the answer, which a responder may leave out. 0: another question's.
  const nonce = ssl('OCSP_check_nonce', request, basic);
  if (nonce === 0) throw new CertificateError('the OCSP response answers another question');
  const store = scope.own(ssl('X509_STORE_new'), 'X509_STORE_free', 'a store');
  ssl('X509_STORE_set_flags', store, PARTIAL_CHAIN);
  for (const { der } of anchors) ssl('X509_STORE_add_cert', store, scope.certificate(der));
  const helpers = scope.stack(path.slice(1).map(({ der }) => scope.certificate(der)));
  if (ssl('OCSP_basic_verify', basic, helpers, store, 0) <= 0) {
    throw new CertificateError('the OCSP response is not signed by who may');
  }
  const id = idOf(scope, path[0]!, path[1]!);
  scope.own(id, 'OCSP_CERTID_free', 'OCSP');
  const [at, from, until] = [scope.cell(), scope.cell(), scope.cell()];
  const found = ssl('OCSP_resp_find_status', basic, id, at.at, 0, 0, from.at, until.at);
  if (found !== 1) throw new CertificateError('the OCSP response is about another certificate');
  if (ssl('OCSP_check_validity', from.read(), until.read(), CLOCK_SKEW, -1) !== 1) {
    throw new CertificateError('the OCSP response is out of date');
  }
  return STATUS[at.read() & 0xff] ?? 'unknown';
}
