// CBC (NIST SP 800-38A §6.2) over the ciphers that go by tables, with blocks of 8 or 16 bytes. As with
// AES (cbc.ts) encryption takes up to sixteen packets of one key side by side, decryption as many blocks
// of one packet, so that a cipher may work on several blocks at once.
import { CIPHER_BLOWFISH_CBC, CIPHER_CAMELLIA_CBC, CIPHER_DES_CBC } from '../../src/contract/ids';
import { scratchAt } from '../memory';
import { blowfishBlocks } from './blowfish';
import { camelliaBlocks } from './camellia';
import { desBlocks } from './des';
import { twofishDecrypt, twofishEncrypt } from './twofish';

const LANES: u32 = 16;
/** A job: u32 src, u32 dst, u32 length (a multiple of the block), u32 address of the IV. */
const JOB: u32 = 16;
// Scratch, in the quarter of aes.
const STATE: usize = 10240; // LANES blocks in work
const CHAIN: usize = 10496; // per lane, what the next block is added to
const INPUT: usize = 10752; // a block in front, then LANES of ciphertext

function blockBytes(cipher: u32): u32 {
  return cipher == CIPHER_DES_CBC || cipher == CIPHER_BLOWFISH_CBC ? 8 : 16;
}

/** Encrypts up to sixteen packets under one key; src may be dst. */
export function tableCbcEncryptLanes(
  cipher: u32,
  context: usize,
  keyBytes: u32,
  jobs: usize,
  count: u32,
): void {
  const block = blockBytes(cipher);
  const state = scratchAt + STATE;
  const chain = scratchAt + CHAIN;
  const lanes = min<u32>(count, LANES);
  let longest: u32 = 0;
  for (let lane: u32 = 0; lane < lanes; lane++) {
    const job = jobs + lane * JOB;
    longest = max<u32>(longest, load<u32>(job, 8));
    copyBlock(chain + block * lane, load<u32>(job, 12), block);
  }
  for (let at: u32 = 0; at < longest; at += block) {
    for (let lane: u32 = 0; lane < lanes; lane++) {
      const job = jobs + lane * JOB;
      if (at >= load<u32>(job, 8)) continue;
      addBlocks(state + block * lane, load<u32>(job) + at, chain + block * lane, block);
    }
    run(cipher, context, keyBytes, false, state, lanes);
    for (let lane: u32 = 0; lane < lanes; lane++) {
      const job = jobs + lane * JOB;
      if (at >= load<u32>(job, 8)) continue;
      copyBlock(load<u32>(job, 4) + at, state + block * lane, block);
      copyBlock(chain + block * lane, state + block * lane, block);
    }
  }
}

/** Decrypts `length` bytes (a multiple of the block); src may be dst. */
export function tableCbcDecrypt(
  cipher: u32,
  context: usize,
  keyBytes: u32,
  iv: usize,
  src: usize,
  dst: usize,
  length: u32,
): void {
  const block = blockBytes(cipher);
  const state = scratchAt + STATE;
  const input = scratchAt + INPUT;
  const batch = block * LANES;
  copyBlock(input, iv, block);
  for (let at: u32 = 0; at < length; at += batch) {
    const bytes = min<u32>(length - at, batch);
    for (let i: u32 = 0; i < bytes; i += 8) {
      const word = load<u64>(src + at + i);
      store<u64>(state + i, word);
      store<u64>(input + block + i, word);
    }
    run(cipher, context, keyBytes, true, state, bytes / block);
    addBlocks(dst + at, state, input, bytes);
    copyBlock(input, input + bytes, block);
  }
}

function run(
  cipher: u32,
  context: usize,
  keyBytes: u32,
  backwards: bool,
  state: usize,
  count: u32,
): void {
  if (cipher == CIPHER_DES_CBC) desBlocks(context, keyBytes, backwards, state, count);
  else if (cipher == CIPHER_BLOWFISH_CBC) blowfishBlocks(context, backwards, state, count);
  else if (cipher == CIPHER_CAMELLIA_CBC)
    camelliaBlocks(context, keyBytes, backwards, state, count);
  else if (backwards) twofishDecrypt(context, state, count);
  else twofishEncrypt(context, state, count);
}

function copyBlock(to: usize, from: usize, block: u32): void {
  store<u64>(to, load<u64>(from));
  if (block == 16) store<u64>(to, load<u64>(from, 8), 8);
}

/** A multiple of eight bytes. */
function addBlocks(to: usize, a: usize, b: usize, bytes: u32): void {
  for (let i: u32 = 0; i < bytes; i += 8) store<u64>(to + i, load<u64>(a + i) ^ load<u64>(b + i));
}
