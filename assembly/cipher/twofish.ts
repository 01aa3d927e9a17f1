// Twofish (Schneier et al. 1998) with its S-boxes and the MDS matrix multiplied out for the key ("full
// keying", §5.1). They are tables read at addresses that depend on key and data: for old peers only.
//
// Context: forty subkeys, then four tables of 256 words.
import { scratchAt } from '../memory';
import { Q } from './twofish-tables';

const TABLES: usize = 160;
// Scratch, in the quarter of aes, behind that of blowfish.ts: the words S of the key, last one first.
const SWORDS: usize = 11280;

const MDS_POLYNOMIAL: u32 = 0x169; // §4.3.2
const RS_POLYNOMIAL: u32 = 0x14d; // §4.3.1
/** Row by row, each for one byte of a word of S. */
const RS: usize = memory.data<u8>([
  0x01, 0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e, 0xa4, 0x56, 0x82, 0xf3, 0x1e, 0xc6, 0x68, 0xe5,
  0x02, 0xa1, 0xfc, 0xc1, 0x47, 0xae, 0x3d, 0x19, 0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e, 0x03,
]);
/** Column by column: what byte j of the input adds to each byte of the result. */
const MDS: usize = memory.data<u8>([
  0x01, 0x5b, 0xef, 0xef, 0xef, 0xef, 0x5b, 0x01, 0x5b, 0xef, 0x01, 0xef, 0x5b, 0x01, 0xef, 0x5b,
]);
/** Which q each byte goes through (§4.3.2, figure 2), the stage of the fourth key word first. */
const ORDER: usize = memory.data<u8>([1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0]);
const RHO: u32 = 0x01010101;

/** Writes 4256 bytes for a key of 16, 24 or 32. */
export function twofishSetKey(context: usize, key: usize, keyBytes: u32): void {
  const words = keyBytes / 8;
  for (let i: u32 = 0; i < 20; i++) {
    const a = h(2 * i * RHO, key, 8, words);
    const b = rotl<u32>(h((2 * i + 1) * RHO, key + 4, 8, words), 8);
    store<u32>(context + 8 * i, a + b);
    store<u32>(context + 8 * i, rotl<u32>(a + 2 * b, 9), 4);
  }
  const s = scratchAt + SWORDS;
  for (let i: u32 = 0; i < words; i++) {
    for (let row: u32 = 0; row < 4; row++) {
      let sum: u32 = 0;
      for (let j: u32 = 0; j < 8; j++) {
        sum ^= multiply(load<u8>(RS + 8 * row + j), load<u8>(key + 8 * i + j), RS_POLYNOMIAL);
      }
      store<u8>(s + 4 * (words - 1 - i) + row, <u8>sum);
    }
  }
  for (let byte: u32 = 0; byte < 4; byte++) {
    for (let x: u32 = 0; x < 256; x++) {
      const at = context + TABLES + 1024 * byte + 4 * x;
      store<u32>(at, column(byte, substitute(byte, x, s, 4, words)));
    }
  }
  memory.fill(s, 0, 16);
}

/** §4.3.2: a word through the key words at `list`, `stride` bytes apart. */
function h(x: u32, list: usize, stride: u32, words: u32): u32 {
  let sum: u32 = 0;
  for (let byte: u32 = 0; byte < 4; byte++) {
    sum ^= column(byte, substitute(byte, (x >> (8 * byte)) & 255, list, stride, words));
  }
  return sum;
}

function substitute(byte: u32, x: u32, list: usize, stride: u32, words: u32): u32 {
  const order = ORDER + 5 * byte;
  for (let word = words; word > 0; word--) {
    const key = load<u8>(list + (word - 1) * stride + byte);
    x = load<u8>(Q + 256 * load<u8>(order + 4 - word) + x) ^ key;
  }
  return load<u8>(Q + 256 * load<u8>(order, 4) + x);
}

function column(byte: u32, y: u32): u32 {
  let word: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) {
    word |= multiply(load<u8>(MDS + 4 * byte + i), y, MDS_POLYNOMIAL) << (8 * i);
  }
  return word;
}

function multiply(a: u32, b: u32, polynomial: u32): u32 {
  let product: u32 = 0;
  for (; a != 0; a >>= 1) {
    if (a & 1) product ^= b;
    b <<= 1;
    if (b & 0x100) b ^= polynomial;
  }
  return product;
}

export function twofishEncrypt(context: usize, state: usize, count: u32): void {
  const tables = context + TABLES;
  for (let i: u32 = 0; i < count; i++, state += 16) {
    let a = load<u32>(state) ^ load<u32>(context);
    let b = load<u32>(state, 4) ^ load<u32>(context, 4);
    let c = load<u32>(state, 8) ^ load<u32>(context, 8);
    let d = load<u32>(state, 12) ^ load<u32>(context, 12);
    for (let key = context + 32; key < context + 160; key += 16) {
      let x = g(tables, a);
      let y = gTurned(tables, b);
      c = rotr<u32>(c ^ (x + y + load<u32>(key)), 1);
      d = rotl<u32>(d, 1) ^ (x + 2 * y + load<u32>(key, 4));
      x = g(tables, c);
      y = gTurned(tables, d);
      a = rotr<u32>(a ^ (x + y + load<u32>(key, 8)), 1);
      b = rotl<u32>(b, 1) ^ (x + 2 * y + load<u32>(key, 12));
    }
    store<u32>(state, c ^ load<u32>(context, 16));
    store<u32>(state, d ^ load<u32>(context, 20), 4);
    store<u32>(state, a ^ load<u32>(context, 24), 8);
    store<u32>(state, b ^ load<u32>(context, 28), 12);
  }
}

export function twofishDecrypt(context: usize, state: usize, count: u32): void {
  const tables = context + TABLES;
  for (let i: u32 = 0; i < count; i++, state += 16) {
    let c = load<u32>(state) ^ load<u32>(context, 16);
    let d = load<u32>(state, 4) ^ load<u32>(context, 20);
    let a = load<u32>(state, 8) ^ load<u32>(context, 24);
    let b = load<u32>(state, 12) ^ load<u32>(context, 28);
    for (let key = context + 144; key >= context + 32; key -= 16) {
      let x = g(tables, c);
      let y = gTurned(tables, d);
      a = rotl<u32>(a, 1) ^ (x + y + load<u32>(key, 8));
      b = rotr<u32>(b ^ (x + 2 * y + load<u32>(key, 12)), 1);
      x = g(tables, a);
      y = gTurned(tables, b);
      c = rotl<u32>(c, 1) ^ (x + y + load<u32>(key));
      d = rotr<u32>(d ^ (x + 2 * y + load<u32>(key, 4)), 1);
    }
    store<u32>(state, a ^ load<u32>(context));
    store<u32>(state, b ^ load<u32>(context, 4), 4);
    store<u32>(state, c ^ load<u32>(context, 8), 8);
    store<u32>(state, d ^ load<u32>(context, 12), 12);
  }
}

function g(tables: usize, x: u32): u32 {
  return (
    load<u32>(tables + ((x & 255) << 2)) ^
    load<u32>(tables + (((x >> 8) & 255) << 2), 1024) ^
    load<u32>(tables + (((x >> 16) & 255) << 2), 2048) ^
    load<u32>(tables + ((x >> 24) << 2), 3072)
  );
}

/** g of x turned left by a byte. */
function gTurned(tables: usize, x: u32): u32 {
  return (
    load<u32>(tables + ((x >> 24) << 2)) ^
    load<u32>(tables + ((x & 255) << 2), 1024) ^
    load<u32>(tables + (((x >> 8) & 255) << 2), 2048) ^
    load<u32>(tables + (((x >> 16) & 255) << 2), 3072)
  );
}
