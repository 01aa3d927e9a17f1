// Distinguished names for people (RFC 4514 in spirit): `CN=east, O=Example`. What a peer sends may be
// anything, so the text is printable, bounded, and never compared.
import { children, DerError, element, formatOid } from './der.js';

const ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['1.2.840.113549.1.9.1', 'emailAddress'],
]);
const LONGEST = 256;
const BMP_STRING = 0x1e;

const textOf = (tag: number, content: Uint8Array): string =>
  tag === BMP_STRING
    ? Buffer.from(content).swap16().toString('utf16le')
    : Buffer.from(content).toString('utf8');

/** The Name in `der`; undefined where it is none. */
export function formatName(der: Uint8Array): string | undefined {
  try {
    const attributes = children(element(der)).flatMap((set) => children(set));
    const parts = attributes.map((attribute) => {
      const [oid, value] = children(attribute);
      if (!oid || !value) throw new DerError('has no attribute');
      const name = formatOid(oid.content);
      return `${ATTRIBUTES.get(name) ?? name}=${textOf(value.tag, value.content)}`;
    });
    const text = parts.join(', ').replaceAll(/\p{C}/gu, '?');
    return text.slice(0, LONGEST) || '(empty name)';
  } catch {
    return undefined;
  }
}
