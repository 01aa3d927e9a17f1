// The AES key schedule (FIPS 197 §5.2) in constant time: SubWord goes through the same circuit as the
// data, by way of one round of encryption under keys that are zero.
import { scratchAt } from '../memory';
import { encryptBlocks, rounds } from './aes';
import { transpose } from './aes-planes';
import { STATE } from './aes-sbox';

// In the scratch of the aes kernels; nothing else of theirs runs meanwhile.
const WORK: usize = 0; // one state
const ZERO_KEYS: usize = 128; // two states, the keys of one round
const WORDS: usize = 512; // 60 words of expanded key

/** 0x63 in every byte, as planes 0, 1, 5 and 6: the constant the S-box leaves to the keys. */
const CONSTANT: u32 = 0x63;

/**
 * Writes the round keys of the key at `key` (16, 24 or 32 bytes) as planes to `context`:
 * (rounds + 1) * 128 bytes.
 */
export function aesExpandKey(context: usize, key: usize, keyBytes: u32): void {
  const words = scratchAt + WORDS;
  const count = rounds(keyBytes);
  expand(words, key, keyBytes, 4 * (count + 1));
  for (let round: u32 = 0; round <= count; round++) {
    const planes = context + round * STATE;
    const block = v128.load(words + 16 * round);
    for (let at: usize = 0; at < STATE; at += 16) v128.store(planes + at, block);
    transpose(planes);
    if (round > 0) addConstant(planes);
  }
  memory.fill(scratchAt, 0, WORDS + 240);
}

function addConstant(planes: usize): void {
  for (let bit: u32 = 0; bit < 8; bit++) {
    if (((CONSTANT >> bit) & 1) == 0) continue;
    const at = planes + 16 * bit;
    v128.store(at, v128.not(v128.load(at)));
  }
}

/** Words as bytes stand in memory: the first byte of a word is its lowest. */
function expand(words: usize, key: usize, keyBytes: u32, count: u32): void {
  const length = keyBytes / 4;
  memory.copy(words, key, keyBytes);
  let constant: u32 = 1;
  for (let i = length; i < count; i++) {
    let word = load<u32>(words + 4 * (i - 1));
    if (i % length == 0) {
      word = substituteWord(rotr<u32>(word, 8)) ^ constant;
      constant = (constant << 1) ^ (constant & 0x80 ? 0x11b : 0);
    } else if (length == 8 && i % 8 == 4) {
      word = substituteWord(word);
    }
    store<u32>(words + 4 * i, word ^ load<u32>(words + 4 * (i - length)));
  }
}

/** The four bytes stand in row 0, which ShiftRows leaves where it is. */
function substituteWord(word: u32): u32 {
  const work = scratchAt + WORK;
  const keys = scratchAt + ZERO_KEYS;
  memory.fill(work, 0, STATE);
  memory.fill(keys, 0, 2 * STATE);
  addConstant(keys + STATE);
  for (let i: u32 = 0; i < 4; i++) store<u8>(work + 4 * i, <u8>(word >> (8 * i)));
  encryptBlocks(keys, 1, work);
  let result: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) result |= (<u32>load<u8>(work + 4 * i)) << (8 * i);
  return result;
}
