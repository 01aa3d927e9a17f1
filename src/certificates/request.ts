// Certificate requests (PKCS#10, RFC 2986): what is asked for, once its signature has shown that who
// asks has the key.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { CertificateError } from '../crypto/certificates.js';
import { children, element, type Element, expect, formatOid } from '../crypto/der.js';
import { EXTENSION_REQUEST, EXTENSIONS, NAME_ATTRIBUTES } from '../crypto/object-identifiers.js';
import { native, scoped } from './openssl.js';

export interface CertificateRequest {
  readonly commonName: string;
  readonly attributes: readonly (readonly [string, string])[];
  /** `DNS:…,email:…,IP:…`; empty: none was asked for. */
  readonly subjectAltName: string;
  readonly publicKey: KeyObject;
}

const P = 'uintptr_t';
const SEQUENCE = 0x30;
const ATTRIBUTES: ReadonlyMap<string, string> = new Map(
  (['C', 'ST', 'L', 'O', 'OU', 'CN'] as const).map((word) => [NAME_ATTRIBUTES[word], word]),
);
const NAMES: ReadonlyMap<number, string> = new Map([
  [0x81, 'email'],
  [0x82, 'DNS'],
  [0x87, 'IP'],
]);

export function readRequest(der: Uint8Array): CertificateRequest {
  try {
    checkSignature(der);
    const [info] = children(expect(element(der), SEQUENCE));
    const [, subject, key, asked] = children(expect(info, SEQUENCE));
    const names = attributesOf(expect(subject, SEQUENCE));
    return {
      commonName: names.find(([name]) => name === 'CN')?.[1] ?? '',
      attributes: names.filter(([name]) => name !== 'CN'),
      subjectAltName: alternativeNames(asked),
      publicKey: createPublicKey({
        key: Buffer.from(expect(key, SEQUENCE).whole),
        format: 'der',
        type: 'spki',
      }),
    };
  } catch (error) {
    throw new CertificateError(`no certificate request: ${(error as Error).message}`);
  }
}

function checkSignature(der: Uint8Array): void {
  scoped((scope) => {
    const bytes = Uint8Array.from(der);
    const request = native('d2i_X509_REQ', [P, P, P, 'long'])(
      0,
      scope.cell(scope.at(bytes)).at,
      bytes.length,
    );
    if (request === 0) throw new CertificateError('it cannot be read');
    scope.defer(() => native('X509_REQ_free', ['void', P])(request));
    const key = native('X509_REQ_get0_pubkey', [P, P])(request);
    if (key === 0 || native('X509_REQ_verify', ['int', P, P])(request, key) !== 1) {
      throw new CertificateError('its signature is wrong');
    }
  });
}

function attributesOf(name: Element): (readonly [string, string])[] {
  return children(name)
    .flatMap((set) => children(set))
    .flatMap((attribute) => {
      const [oid, value] = children(attribute);
      const word = oid && ATTRIBUTES.get(formatOid(oid.content));
      return word && value ? [[word, Buffer.from(value.content).toString('utf8')] as const] : [];
    });
}

/** [0] attributes → extensionRequest → extensions → subjectAltName. */
function alternativeNames(asked: Element | undefined): string {
  const wanted = asked && children(asked).map((one) => children(one));
  const request = wanted?.find(([oid]) => oid && formatOid(oid.content) === EXTENSION_REQUEST);
  const [list] = request?.[1] ? children(request[1]) : [];
  if (!list) return '';
  const extension = children(list)
    .map((one) => children(one))
    .find(([oid]) => oid && formatOid(oid.content) === EXTENSIONS.subjectAltName);
  const octets = extension?.at(-1);
  if (!octets) return '';
  return children(element(octets.content))
    .flatMap(({ tag, content }) => {
      const kind = NAMES.get(tag);
      return kind ? [`${kind}:${kind === 'IP' ? ipText(content) : text(content)}`] : [];
    })
    .join(',');
}

const text = (content: Uint8Array): string => Buffer.from(content).toString('latin1');
const ipText = (bytes: Uint8Array): string =>
  bytes.length === 4
    ? bytes.join('.')
    : (Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? []).join(':');
