// ChaCha20 (RFC 8439 §2.3, §2.4): XORs the key stream onto `length` bytes, starting at block `counter`.
import { scratchAt } from '../memory';

const STATE: usize = 32768;

/** src may equal dst. */
export function chacha20(
  key: usize,
  nonce: usize,
  counter: u32,
  src: usize,
  dst: usize,
  length: u32,
): void {
  const stream = scratchAt + STATE;
  for (let at: u32 = 0; at < length; at += 64) {
    chacha20Block(key, nonce, counter++, stream);
    const end = min<u32>(64, length - at);
    for (let i: u32 = 0; i < end; i++) {
      store<u8>(dst + at + i, load<u8>(src + at + i) ^ load<u8>(stream + i));
    }
  }
  memory.fill(stream, 0, 64);
}

/** One block of key stream at `out` (64 bytes). */
export function chacha20Block(key: usize, nonce: usize, counter: u32, out: usize): void {
  const start = out + 64;
  store<u32>(start, 0x61707865, 0);
  store<u32>(start, 0x3320646e, 4);
  store<u32>(start, 0x79622d32, 8);
  store<u32>(start, 0x6b206574, 12);
  memory.copy(start + 16, key, 32);
  store<u32>(start, counter, 48);
  memory.copy(start + 52, nonce, 12);
  memory.copy(out, start, 64);
  for (let i = 0; i < 10; i++) {
    quarter(out, 0, 16, 32, 48);
    quarter(out, 4, 20, 36, 52);
    quarter(out, 8, 24, 40, 56);
    quarter(out, 12, 28, 44, 60);
    quarter(out, 0, 20, 40, 60);
    quarter(out, 4, 24, 44, 48);
    quarter(out, 8, 28, 32, 52);
    quarter(out, 12, 16, 36, 56);
  }
  for (let i: usize = 0; i < 64; i += 4) {
    store<u32>(out + i, load<u32>(out + i) + load<u32>(start + i));
  }
  memory.fill(start, 0, 64);
}

function quarter(at: usize, i: usize, j: usize, k: usize, l: usize): void {
  let a = load<u32>(at + i);
  let b = load<u32>(at + j);
  let c = load<u32>(at + k);
  let d = load<u32>(at + l);
  a += b;
  d = rotl<u32>(d ^ a, 16);
  c += d;
  b = rotl<u32>(b ^ c, 12);
  a += b;
  d = rotl<u32>(d ^ a, 8);
  c += d;
  b = rotl<u32>(b ^ c, 7);
  store<u32>(at + i, a);
  store<u32>(at + j, b);
  store<u32>(at + k, c);
  store<u32>(at + l, d);
}
