// Random bytes for the control plane, drawn a page at a time: a handshake asks for some twenty times a few
// bytes, and each draw takes longer than the bytes. What was handed out is erased here.
import { randomBytes as draw, randomFillSync } from 'node:crypto';

const PAGE = 4096;
const page = Buffer.from(new ArrayBuffer(PAGE));
let next = PAGE;

/** The caller's own, in a buffer of its own. */
export function randomBytes(bytes: number): Uint8Array {
  if (bytes > PAGE / 8) return draw(bytes);
  if (next + bytes > PAGE) {
    randomFillSync(page);
    next = 0;
  }
  const taken = new Uint8Array(new ArrayBuffer(bytes));
  taken.set(page.subarray(next, next + bytes));
  page.fill(0, next, next + bytes);
  next += bytes;
  return taken;
}
