// Blowfish (Schneier 1993; RFC 2451 §2.3), two blocks at a time. Its S-boxes are made from the key and
// read at addresses that depend on it: for old peers only.
//
// Context: the eighteen words of P, then the four S-boxes of 256 words.
import { PI } from './blowfish-tables';
import { scratchAt } from '../memory';

const S: usize = 72;
/** Bytes of a context. */
const BLOWFISH_KEY: u32 = 72 + 4096;
// Scratch, in the quarter of aes, behind that of tablecbc.ts.
const CHAIN: usize = 11264; // two blocks

/** Runs the key into pi's digits, then replaces all of them by what they encrypt. Any key length. */
export function blowfishSetKey(context: usize, key: usize, keyBytes: u32): void {
  memory.copy(context, PI, BLOWFISH_KEY);
  let next: u32 = 0;
  for (let at = context; at < context + S; at += 4) {
    let word: u32 = 0;
    for (let i = 0; i < 4; i++) {
      word = (word << 8) | load<u8>(key + next);
      next = next + 1 == keyBytes ? 0 : next + 1;
    }
    store<u32>(at, load<u32>(at) ^ word);
  }
  const chain = scratchAt + CHAIN;
  memory.fill(chain, 0, 16);
  for (let at = context; at < context + BLOWFISH_KEY; at += 8) {
    blowfishBlocks(context, false, chain, 1);
    store<u32>(at, bswap<u32>(load<u32>(chain)));
    store<u32>(at, bswap<u32>(load<u32>(chain, 4)), 4);
  }
  memory.fill(chain, 0, 16);
}

/** En- or decrypts `count` blocks in place; an odd count takes one more along. */
export function blowfishBlocks(context: usize, backwards: bool, state: usize, count: u32): void {
  const keys = backwards ? context + 68 : context;
  let step: usize = 4;
  if (backwards) step = 0 - step;
  for (let pair: u32 = 0; pair < count; pair += 2, state += 16) rounds(context, keys, step, state);
}

/** Two rounds a turn, so that the halves need not be exchanged. */
function rounds(context: usize, key: usize, step: usize, state: usize): void {
  const boxes = context + S;
  let la = bswap<u32>(load<u32>(state)) ^ load<u32>(key);
  let ra = bswap<u32>(load<u32>(state, 4));
  let lb = bswap<u32>(load<u32>(state, 8)) ^ load<u32>(key);
  let rb = bswap<u32>(load<u32>(state, 12));
  for (let i = 0; i < 8; i++) {
    key += step;
    ra ^= load<u32>(key) ^ feistel(boxes, la);
    rb ^= load<u32>(key) ^ feistel(boxes, lb);
    key += step;
    la ^= load<u32>(key) ^ feistel(boxes, ra);
    lb ^= load<u32>(key) ^ feistel(boxes, rb);
  }
  const last = load<u32>(key + step);
  store<u32>(state, bswap<u32>(ra ^ last));
  store<u32>(state, bswap<u32>(la), 4);
  store<u32>(state, bswap<u32>(rb ^ last), 8);
  store<u32>(state, bswap<u32>(lb), 12);
}

function feistel(boxes: usize, half: u32): u32 {
  const first = load<u32>(boxes + ((half >> 24) << 2));
  const second = load<u32>(boxes + (((half >> 16) & 255) << 2), 1024);
  const third = load<u32>(boxes + (((half >> 8) & 255) << 2), 2048);
  return ((first + second) ^ third) + load<u32>(boxes + ((half & 255) << 2), 3072);
}
