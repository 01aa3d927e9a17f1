// Reader and Writer: bounded cursors that know which payload and field they are in. Every read
// checks the length first; what a Reader hands out is a view of the packet, never a copy.
import { WireError } from './error.js';

export class Reader {
  readonly bytes: Uint8Array;
  /** The payload being read and the path of fields inside it, for errors. */
  payload = 'header';
  readonly path: string[] = [];
  at: number;
  /** Nothing at or after this offset may be read; narrowed by `within`. */
  end: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
    this.end = bytes.length;
  }

  get left(): number {
    return this.end - this.at;
  }

  fail(reason: string): never {
    const field = this.path.join('.');
    throw new WireError({
      kind: 'malformed',
      payload: this.payload,
      field,
      offset: this.at,
      reason,
    });
  }

  /** Advances over n bytes and returns where they start. */
  private skip(n: number): number {
    if (n > this.left) this.fail(`needs ${n} bytes, ${this.left} are left`);
    const start = this.at;
    this.at += n;
    return start;
  }

  /** Unsigned big-endian integer of 1 … 4 bytes. */
  uint(size: number): number {
    const start = this.skip(size);
    let value = 0;
    for (let i = start; i < this.at; i++) value = value * 256 + this.bytes[i]!;
    return value;
  }

  /** Unsigned big-endian integer of any size. */
  bigUint(size: number): bigint {
    const start = this.skip(size);
    let value = 0n;
    for (let i = start; i < this.at; i++) value = (value << 8n) | BigInt(this.bytes[i]!);
    return value;
  }

  take(n: number): Uint8Array {
    const start = this.skip(n);
    return this.bytes.subarray(start, start + n);
  }

  /** Runs `read` on the next n bytes alone; it must use up all of them. */
  within<T>(n: number, read: () => T): T {
    if (n > this.left) this.fail(`length ${n} reaches past the ${this.left} bytes left`);
    const outer = this.end;
    this.end = this.at + n;
    const value = read();
    if (this.left > 0) this.fail(`${this.left} bytes too many`);
    this.end = outer;
    return value;
  }
}

export class Writer {
  payload = 'header';
  readonly path: string[] = [];
  private bytes = new Uint8Array(512);
  at = 0;

  fail(reason: string): never {
    const field = this.path.join('.');
    throw new WireError({
      kind: 'unencodable',
      payload: this.payload,
      field,
      offset: this.at,
      reason,
    });
  }

  private grow(n: number): number {
    const start = this.at;
    this.at += n;
    if (this.at > this.bytes.length) {
      const larger = new Uint8Array(2 * this.at);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    return start;
  }

  /** Unsigned big-endian integer of any size. */
  uint(size: number, value: number | bigint): void {
    const whole = typeof value === 'bigint' || Number.isSafeInteger(value);
    if (!whole || value < 0 || BigInt(value) >> BigInt(8 * size) !== 0n) {
      this.fail(`${value} does not fit in ${size} bytes`);
    }
    const start = this.grow(size);
    this.patch(start, size, value);
  }

  /** Writes an integer into bytes that were written before. */
  patch(start: number, size: number, value: number | bigint): void {
    let rest = BigInt(value);
    for (let i = start + size - 1; i >= start; i--, rest >>= 8n) {
      this.bytes[i] = Number(rest & 0xffn);
    }
  }

  put(bytes: Uint8Array): void {
    const start = this.grow(bytes.length);
    this.bytes.set(bytes, start);
  }

  /** Everything written so far, as an array of its own. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }
}
