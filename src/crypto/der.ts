// Enough DER to find the fields of a certificate: tags, lengths, contents. Every read stays within the
// element it stands in; whatever does not is a DerError.

export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
}

export class DerError extends Error {
  override readonly name = 'DerError';
}

const LONG = 0x80;
const MOST_LENGTH_BYTES = 4;

/** The element at the start of `bytes`. */
export function element(bytes: Uint8Array): Element {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw new DerError('ends within a header');
  let length = first;
  let start = 2;
  if (first >= LONG) {
    const count = first - LONG;
    if (count === 0 || count > MOST_LENGTH_BYTES) throw new DerError('has a length that is none');
    start += count;
    length = bytes.subarray(2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  }
  const end = start + length;
  if (end > bytes.length) throw new DerError('ends within an element');
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(0, end) };
}

/** The elements of a constructed one. */
export function children({ content }: Pick<Element, 'content'>): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < content.length; at += found.at(-1)!.whole.length) {
    found.push(element(content.subarray(at)));
  }
  return found;
}

/** The element, which must have that tag. */
export function expect(one: Element | undefined, tag: number): Element {
  if (one?.tag !== tag) throw new DerError(`has tag ${one?.tag ?? 'none'} in place of ${tag}`);
  return one;
}

/** An OBJECT IDENTIFIER's content as `2.5.29.17`. */
export function formatOid(content: Uint8Array): string {
  const arcs: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= LONG) continue;
    arcs.push(value);
    value = 0;
  }
  const [first = 0, ...rest] = arcs;
  const top = Math.min(Math.floor(first / 40), 2);
  return [top, first - 40 * top, ...rest].join('.');
}
