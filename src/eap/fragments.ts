// TLS messages in EAP packets (RFC 5216 §3.1; RFC 5281 §9.1 and PEAP have a version in the low bits):
//
//    0 1 2 3 4 5 6 7
//   +-+-+-+-+-+-+-+-+
//   |L M S R R| Ver |  [TLS Message Length, 4 bytes, if L]  TLS Data …
//   +-+-+-+-+-+-+-+-+
//
// L: the length is there (of the whole message, in its first fragment)   M: more follow, say nothing
// until you have them but an empty acknowledgement                       S: start
import { MOST_BYTES } from './tls.js';

const LENGTH = 0x80;
const MORE = 0x40;
const START = 0x20;
const VERSION = 0x07;
const LENGTH_BYTES = 4;

/** Our own choice: with IKE's and IP's headers it passes a path of 1280 bytes (RFC 5216 §2.1.5). */
const FRAGMENT_BYTES = 1024;

export type Heard =
  | { readonly kind: 'start' }
  /** A whole message; empty: an acknowledgement of one that is out, or of the last. */
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** Something is to be sent before anything is to be done. */
  | { readonly kind: 'go-on'; readonly data: Uint8Array }
  | { readonly kind: 'malformed'; readonly reason: string };

export class Fragments {
  #incoming: Uint8Array[] = [];
  #bytes = 0;
  #announced: number | undefined;
  #outgoing: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** The data of a start request. */
  static start = (): Uint8Array => Uint8Array.of(START);

  /** The first packet of a message, which may be empty: an acknowledgement. */
  say(message: Uint8Array): Uint8Array {
    this.#outgoing = message;
    this.#at = 0;
    return this.#next();
  }

  #next(): Uint8Array {
    const first = this.#at === 0;
    const rest = this.#outgoing.length - this.#at;
    const size = Math.min(rest, FRAGMENT_BYTES);
    const more = rest > size;
    const chunk = this.#outgoing.subarray(this.#at, this.#at + size);
    this.#at += size;
    const header = first && more ? lengthOf(this.#outgoing) : new Uint8Array(0);
    const flags = (header.length > 0 ? LENGTH : 0) | (more ? MORE : 0);
    return new Uint8Array(Buffer.concat([Uint8Array.of(flags), header, chunk]));
  }

  /** Type-Data of the other side's packet. */
  hear(data: Uint8Array): Heard {
    if (data.length === 0) return malformed('an EAP packet of TLS without flags');
    const flags = data[0]!;
    // A start offers the server's highest version; the answer's, ours is 0, is the one that is spoken.
    if (flags & START) {
      return this.#bytes > 0 ? malformed('a start in a message') : { kind: 'start' };
    }
    if ((flags & VERSION) !== 0) return malformed(`version ${flags & VERSION}, we speak 0`);
    const body = this.#body(flags, data);
    if (typeof body === 'string') return malformed(body);
    const waiting = this.#at < this.#outgoing.length;
    if (waiting) {
      if (body.length > 0 || flags & MORE) return malformed('data before it has all of ours');
      return { kind: 'go-on', data: this.#next() };
    }
    return this.#collect(body, (flags & MORE) !== 0);
  }

  #body(flags: number, data: Uint8Array): Uint8Array | string {
    if (!(flags & LENGTH)) return data.subarray(1);
    if (data.length < 1 + LENGTH_BYTES) return 'a TLS message length cut short';
    const length = new DataView(data.buffer, data.byteOffset).getUint32(1);
    if (length > MOST_BYTES) return `a TLS message of ${length} bytes`;
    if (this.#bytes > 0 && this.#announced !== undefined && this.#announced !== length) {
      return 'two lengths for one TLS message';
    }
    this.#announced = length;
    return data.subarray(1 + LENGTH_BYTES);
  }

  #collect(body: Uint8Array, more: boolean): Heard {
    this.#incoming.push(body.slice());
    this.#bytes += body.length;
    const most = this.#announced ?? MOST_BYTES;
    if (this.#bytes > most) return malformed(`more than the ${most} bytes of its TLS message`);
    if (more) {
      if (body.length === 0) return malformed('an empty fragment with more to follow');
      return { kind: 'go-on', data: Uint8Array.of(0) };
    }
    if (this.#announced !== undefined && this.#bytes !== this.#announced) {
      return malformed(`${this.#bytes} bytes of a TLS message of ${this.#announced}`);
    }
    const bytes = new Uint8Array(Buffer.concat(this.#incoming));
    this.#incoming = [];
    this.#bytes = 0;
    this.#announced = undefined;
    return { kind: 'message', bytes };
  }
}

function lengthOf(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES);
  new DataView(bytes.buffer).setUint32(0, message.length);
  return bytes;
}

const malformed = (reason: string): Heard => ({ kind: 'malformed', reason });
