// OpenSSL's X.509 functions, which the node binary exports, through koffi. Pointers are plain numbers;
// `scoped` frees what was made within it. Where a symbol is missing nothing is verified and nothing is
// believed: the error says so (CertificateError), and identities with certificates do not come up.
import koffi from 'koffi';
import { CertificateError } from '../crypto/certificates.js';

type Native = (...values: (number | string | null)[]) => number;

const P = 'uintptr_t';
/** Result and parameters; `P` is any pointer. */
const SIGNATURES = {
  d2i_X509: [P, P, P, 'long'],
  d2i_X509_CRL: [P, P, P, 'long'],
  d2i_X509_NAME: [P, P, P, 'long'],
  d2i_OCSP_RESPONSE: [P, P, P, 'long'],
  d2i_AutoPrivateKey: [P, P, P, 'long'],
  d2i_PKCS12: [P, P, P, 'long'],
  i2d_X509: ['int', P, P],
  i2d_X509_CRL: ['int', P, P],
  i2d_PrivateKey: ['int', P, P],
  i2d_OCSP_REQUEST: ['int', P, P],
  i2d_PKCS12: ['int', P, P],
  X509_free: ['void', P],
  X509_CRL_free: ['void', P],
  X509_NAME_free: ['void', P],
  EVP_PKEY_free: ['void', P],
  PKCS12_free: ['void', P],
  X509_NAME_cmp: ['int', P, P],
  OPENSSL_sk_new_null: [P],
  OPENSSL_sk_push: ['int', P, P],
  OPENSSL_sk_num: ['int', P],
  OPENSSL_sk_value: [P, P, 'int'],
  OPENSSL_sk_free: ['void', P],
  X509_STORE_new: [P],
  X509_STORE_free: ['void', P],
  X509_STORE_add_cert: ['int', P, P],
  X509_STORE_set_flags: ['int', P, 'ulong'],
  X509_STORE_CTX_new: [P],
  X509_STORE_CTX_free: ['void', P],
  X509_STORE_CTX_init: ['int', P, P, P, P],
  X509_STORE_CTX_set0_crls: ['void', P, P],
  X509_STORE_CTX_get0_param: [P, P],
  X509_STORE_CTX_get0_chain: [P, P],
  X509_STORE_CTX_get_error: ['int', P],
  X509_STORE_CTX_get_error_depth: ['int', P],
  X509_STORE_CTX_get_current_cert: [P, P],
  X509_VERIFY_PARAM_set_flags: ['int', P, 'ulong'],
  X509_VERIFY_PARAM_set_time: ['void', P, 'long'],
  X509_VERIFY_PARAM_set_auth_level: ['void', P, 'int'],
  X509_VERIFY_PARAM_set_depth: ['void', P, 'int'],
  X509_verify_cert: ['int', P],
  ERR_clear_error: ['void'],
  OCSP_REQUEST_new: [P],
  OCSP_REQUEST_free: ['void', P],
  OCSP_cert_to_id: [P, P, P, P],
  OCSP_CERTID_free: ['void', P],
  OCSP_request_add0_id: [P, P, P],
  OCSP_request_add1_nonce: ['int', P, P, 'int'],
  OCSP_check_nonce: ['int', P, P],
  OCSP_RESPONSE_free: ['void', P],
  OCSP_response_status: ['int', P],
  OCSP_response_get1_basic: [P, P],
  OCSP_BASICRESP_free: ['void', P],
  OCSP_basic_verify: ['int', P, P, P, 'ulong'],
  OCSP_resp_find_status: ['int', P, P, P, P, P, P, P],
  OCSP_check_validity: ['int', P, P, 'long', 'long'],
} as const satisfies Record<string, readonly [string, ...string[]]>;
type Name = keyof typeof SIGNATURES;

const bound = new Map<string, Native>();
let library: ReturnType<typeof koffi.load> | undefined;

/** A function of OpenSSL's by its C signature. */
export function native(
  name: string,
  [result, ...parameters]: readonly [string, ...string[]],
): Native {
  const known = bound.get(name);
  if (known) return known;
  try {
    library ??= koffi.load(null);
    const made = library.func(name, result, parameters) as Native;
    bound.set(name, made);
    return made;
  } catch {
    const text = `this build of Node.js does not export OpenSSL's ${name}`;
    throw new CertificateError(
      `${text}: certificates cannot be checked; use Node.js of nodejs.org`,
    );
  }
}

export const ssl = (name: Name, ...values: (number | string | null)[]): number =>
  native(name, SIGNATURES[name])(...values);

/** Collects what is to be freed, and keeps what OpenSSL was given by address. */
export class Scope {
  readonly #frees: (() => void)[] = [];
  readonly #held: ArrayBufferView[] = [];

  /** Where `view` lies; it is not collected before the scope ends. */
  at(view: ArrayBufferView): number {
    this.#held.push(view);
    return addressOf(view);
  }

  /** A place in memory for one pointer or integer. */
  cell(value = 0): { readonly at: number; read(): number } {
    const words = BigUint64Array.of(BigInt(value));
    return { at: this.at(words), read: () => Number(words[0]) };
  }

  /** Keeps a pointer until the scope ends; a null pointer is a failure of `what`. */
  own(pointer: number, free: Name, what: string): number {
    if (pointer === 0) throw new CertificateError(`OpenSSL: ${what} failed`);
    this.#frees.push(() => ssl(free, pointer));
    return pointer;
  }

  defer(free: () => void): void {
    this.#frees.push(free);
  }

  end(): void {
    for (const free of this.#frees.reverse()) free();
    this.#frees.length = 0;
    this.#held.length = 0;
    ssl('ERR_clear_error');
  }

  certificate = (der: Uint8Array): number =>
    this.own(decode('d2i_X509', der), 'X509_free', 'reading a certificate');

  /** A STACK_OF whose members belong to the scope. */
  stack(members: readonly number[]): number {
    const stack = this.own(ssl('OPENSSL_sk_new_null'), 'OPENSSL_sk_free', 'a list');
    for (const member of members) ssl('OPENSSL_sk_push', stack, member);
    return stack;
  }
}

export function scoped<T>(work: (scope: Scope) => T): T {
  const scope = new Scope();
  try {
    return work(scope);
  } finally {
    scope.end();
  }
}

const addressOf = (view: ArrayBufferView): number => Number(koffi.address(view));

type Decoder = Extract<Name, `d2i_${string}`>;
type Encoder = Extract<Name, `i2d_${string}`>;

/** 0 where `der` is none of that. */
export const decode = (decoder: Decoder, der: Uint8Array): number =>
  scoped((scope) => ssl(decoder, 0, scope.cell(scope.at(Uint8Array.from(der))).at, der.length));

export function encode(encoder: Encoder, pointer: number): Uint8Array {
  const length = ssl(encoder, pointer, 0);
  if (length <= 0) throw new CertificateError(`OpenSSL: ${encoder} failed`);
  const bytes = new Uint8Array(length);
  scoped((scope) => ssl(encoder, pointer, scope.cell(scope.at(bytes)).at));
  return bytes;
}

/** The members of a STACK_OF(X509), as DER. */
export const certificatesIn = (stack: number): Uint8Array[] =>
  Array.from({ length: Math.max(0, ssl('OPENSSL_sk_num', stack)) }, (_, at) =>
    encode('i2d_X509', ssl('OPENSSL_sk_value', stack, at)),
  );

let texts: ((code: number) => string) | undefined;

/** OpenSSL's own words for a verdict of X509_verify_cert. */
export function verdictText(code: number): string {
  texts ??= koffi.load(null).func('X509_verify_cert_error_string', 'str', ['long']) as (
    code: number,
  ) => string;
  return texts(code);
}
