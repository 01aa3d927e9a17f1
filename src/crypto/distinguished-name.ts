// Distinguished names for people (RFC 4514 in spirit): `CN=east, O=Example`. What a peer sends may be
// anything, so the text is printable, bounded, and never compared.
import { children, DerError, element, formatOid } from './der.js';
import { NAME_ATTRIBUTES } from './object-identifiers.js';

const ATTRIBUTES: ReadonlyMap<string, string> = new Map(
  Object.entries(NAME_ATTRIBUTES).map(([name, identifier]) => [identifier, name]),
);
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
