// The Internet checksum (RFC 1071) and its incremental update (RFC 1624).

/** Sum of `length` bytes as big-endian 16-bit words, folded, on top of `sum`. */
export function addSum(sum: u32, at: usize, length: i32): u32 {
  let total: u64 = sum;
  for (; length >= 2; length -= 2, at += 2) total += bswap<u16>(load<u16>(at));
  if (length > 0) total += (<u32>load<u8>(at)) << 8;
  return fold(total);
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
