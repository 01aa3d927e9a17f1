// The Internet checksum (RFC 1071), also while copying, and its incremental update (RFC 1624).
// Sums are of big-endian words. Whole vectors are added as the machine reads them and the result is
// turned round once: the sum does not depend on byte order (RFC 1071 §2 B).

/** Below this many bytes the plain loop is as fast. */
const SHORT: i32 = 32;

/** Sum of `length` bytes as big-endian 16-bit words, folded, on top of `sum`. */
export function addSum(sum: u32, at: usize, length: i32): u32 {
  let total: u64 = sum;
  if (length >= SHORT) {
    const end = at + (length & ~31);
    let even = i32x4.splat(0);
    let odd = i32x4.splat(0);
    for (; at < end; at += 32) {
      even = i32x4.add(even, i32x4.extadd_pairwise_i16x8_u(v128.load(at)));
      odd = i32x4.add(odd, i32x4.extadd_pairwise_i16x8_u(v128.load(at, 16)));
    }
    total += sumOf(even, odd);
    length &= 31;
  }
  for (; length >= 2; length -= 2, at += 2) total += bswap<u16>(load<u16>(at));
  if (length > 0) total += (<u32>load<u8>(at)) << 8;
  return fold(total);
}

/** The same while `length` bytes move to `to`; the two do not overlap. */
export function copySum(sum: u32, at: usize, to: usize, length: i32): u32 {
  let total: u64 = sum;
  if (length >= SHORT) {
    const end = at + (length & ~31);
    let even = i32x4.splat(0);
    let odd = i32x4.splat(0);
    for (; at < end; at += 32, to += 32) {
      const first = v128.load(at);
      const second = v128.load(at, 16);
      v128.store(to, first);
      v128.store(to, second, 16);
      even = i32x4.add(even, i32x4.extadd_pairwise_i16x8_u(first));
      odd = i32x4.add(odd, i32x4.extadd_pairwise_i16x8_u(second));
    }
    total += sumOf(even, odd);
    length &= 31;
  }
  for (; length >= 2; length -= 2, at += 2, to += 2) {
    const word = load<u16>(at);
    store<u16>(to, word);
    total += bswap<u16>(word);
  }
  if (length > 0) {
    store<u8>(to, load<u8>(at));
    total += (<u32>load<u8>(at)) << 8;
  }
  return fold(total);
}

/** Eight partial sums of little-endian words as one of big-endian words; 65,535 bytes overflow none. */
function sumOf(even: v128, odd: v128): u32 {
  const total: u64 =
    <u64>(<u32>i32x4.extract_lane(even, 0)) +
    <u32>i32x4.extract_lane(even, 1) +
    <u32>i32x4.extract_lane(even, 2) +
    <u32>i32x4.extract_lane(even, 3) +
    <u32>i32x4.extract_lane(odd, 0) +
    <u32>i32x4.extract_lane(odd, 1) +
    <u32>i32x4.extract_lane(odd, 2) +
    <u32>i32x4.extract_lane(odd, 3);
  return bswap<u16>(<u16>fold(total));
}

export function fold(total: u64): u32 {
  while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
  return <u32>total;
}

/** Writes the checksum of an IPv4 header. */
export function setHeaderChecksum(at: usize, header: i32): void {
  store<u16>(at, 0, 10);
  store<u16>(at, bswap<u16>(<u16>~addSum(0, at, header)), 10);
}

/** Replaces the word at `word` and mends the checksum at `checksum` (RFC 1624 §3: HC' = ~(~HC + ~m + m')). */
export function replaceWord(checksum: usize, word: usize, value: u16): void {
  const before: u32 = bswap<u16>(load<u16>(word));
  const old: u32 = bswap<u16>(load<u16>(checksum));
  store<u16>(word, bswap<u16>(value));
  const sum = fold(<u64>(~old & 0xffff) + (~before & 0xffff) + value);
  store<u16>(checksum, bswap<u16>(<u16>~sum));
}

/**
 * Sum of the pseudo-header of the packet at `at` (RFC 9293 §3.1, RFC 8200 §8.1) for an upper layer of
 * `length` bytes. Addresses of a routing header are not looked at: who has one is not summed here.
 */
export function pseudoSum(at: usize, family: i32, protocol: i32, length: i32): u32 {
  const rest = <u32>(protocol + length);
  return family == 4 ? addSum(rest, at + 12, 8) : addSum(rest, at + 8, 32);
}
