// What a CRL says, read for printing and for making the next one (RFC 5280 §5.1). Whether to believe it
// is OpenSSL's business.
import { CertificateError } from '../crypto/certificates.js';
import { children, element, type Element, expect } from '../crypto/der.js';
import type { Revoked } from './author.js';

export interface Crl {
  /** DER. */
  readonly issuer: Uint8Array;
  /** Milliseconds since 1970. */
  readonly thisUpdate: number;
  readonly revoked: readonly Revoked[];
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const UTC_TIME = 0x17;

export function readCrl(der: Uint8Array): Crl {
  try {
    const [list] = children(expect(element(der), SEQUENCE));
    const fields = children(expect(list, SEQUENCE));
    const [, issuer, thisUpdate, ...rest] = fields[0]?.tag === INTEGER ? fields.slice(1) : fields;
    const entries = rest.find(({ tag }) => tag === SEQUENCE);
    return {
      issuer: expect(issuer, SEQUENCE).whole,
      thisUpdate: readTime(thisUpdate),
      revoked: entries ? children(entries).map(readEntry) : [],
    };
  } catch (error) {
    throw new CertificateError(`no CRL: ${(error as Error).message}`);
  }
}

function readEntry(entry: Element): Revoked {
  const [serial, at] = children(entry);
  return { serial: expect(serial, INTEGER).content, at: readTime(at) };
}

/** UTCTime has two digits of the year, and means 1950 to 2049 (§5.1.2.4). */
function readTime(one: Element | undefined): number {
  const text = Buffer.from(one?.content ?? []).toString('latin1');
  const century = text.startsWith('5') || text > '6' ? '19' : '20';
  const whole = one?.tag === UTC_TIME ? `${century}${text}` : text;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(whole)?.slice(1).map(Number);
  if (!parts) throw new CertificateError('a time that is none');
  const [year, month, day, ...time] = parts as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, ...time);
}

/** Without the sign byte of DER. */
const bare = (serial: Uint8Array): string =>
  Buffer.from(serial)
    .toString('hex')
    .replace(/^(00)+/, '');

export const sameSerial = (a: Uint8Array, b: Uint8Array): boolean => bare(a) === bare(b);
