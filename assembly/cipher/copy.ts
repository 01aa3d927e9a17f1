// Copies a part of a packet between it and a scratch buffer. memory.copy is a call out of the module,
// which costs more than the few hundred bytes of a packet's head or tail.

/** Copies exactly `length` bytes between regions that do not overlap. */
export function copyShort(dst: usize, src: usize, length: u32): void {
  if (length < 16) {
    for (let i: u32 = 0; i < length; i++) store<u8>(dst + i, load<u8>(src + i));
    return;
  }
  const last = length - 16;
  for (let at: u32 = 0; at < last; at += 16) v128.store(dst + at, v128.load(src + at));
  // the last sixteen bytes, some of them for the second time
  v128.store(dst + last, v128.load(src + last));
}
