// An OCSP responder's answer (RFC 6960 §4.2), signed by whom a test likes, made by OpenSSL.
import type { Issuer } from '../../src/certificates/author.js';
import { privateKeyOf } from '../../src/certificates/author.js';
import { native, scoped, type Scope } from '../../src/certificates/openssl.js';

const P = 'uintptr_t';
const call = (name: string, signature: readonly [string, ...string[]]) => native(name, signature);
const STATUS = { good: 0, revoked: 1, unknown: 2 } as const;

export interface Answer {
  readonly status: keyof typeof STATUS;
  readonly subject: Issuer;
  readonly issuer: Issuer;
  readonly signer: Issuer;
  /** Seconds from now until nextUpdate; negative: long over. */
  readonly validFor?: number;
  /** Whose nonce is copied; undefined: none is. */
  readonly request?: Uint8Array;
}

export const ocspAnswer = (answer: Answer): Uint8Array =>
  scoped((scope) => {
    const basic = call('OCSP_BASICRESP_new', [P])();
    const [subject, issuer] = [answer.subject, answer.issuer].map((one) =>
      scope.certificate(one.certificate),
    );
    const id = call('OCSP_cert_to_id', [P, P, P, P])(0, subject!, issuer!);
    const now = Math.floor(Date.now() / 1000);
    const time = (at: number) => call('ASN1_TIME_set', [P, P, 'long'])(0, at);
    const { validFor = 3600, status } = answer;
    const from = time(Math.min(now - 60, now + validFor - 60));
    const revokedAt = status === 'revoked' ? time(now - 60) : 0;
    call('OCSP_basic_add1_status', [P, P, P, 'int', 'int', P, P, P])(
      basic,
      id,
      STATUS[status],
      0,
      revokedAt,
      from,
      time(now + validFor),
    );
    if (answer.request) copyNonce(scope, basic, answer.request);
    sign(scope, basic, answer.signer);
    return responseOf(scope, basic);
  });

function copyNonce(scope: Scope, basic: number, der: Uint8Array): void {
  const bytes = Uint8Array.from(der);
  const at = scope.cell(scope.at(bytes));
  const request = call('d2i_OCSP_REQUEST', [P, P, P, 'long'])(0, at.at, bytes.length);
  call('OCSP_copy_nonce', ['int', P, P])(basic, request);
}

function sign(scope: Scope, basic: number, signer: Issuer): void {
  const certificate = scope.certificate(signer.certificate);
  const key = privateKeyOf(scope, signer.privateKey);
  const sha256 = call('EVP_sha256', [P])();
  const signed = call('OCSP_basic_sign', ['int', P, P, P, P, P, 'ulong'])(
    basic,
    certificate,
    key,
    sha256,
    0,
    0,
  );
  if (signed !== 1) throw new Error('OCSP_basic_sign');
}

function responseOf(scope: Scope, basic: number): Uint8Array {
  const response = call('OCSP_response_create', [P, 'int', P])(0, basic);
  const encode = call('i2d_OCSP_RESPONSE', ['int', P, P]);
  const bytes = new Uint8Array(encode(response, 0));
  encode(response, scope.cell(scope.at(bytes)).at);
  return bytes;
}
