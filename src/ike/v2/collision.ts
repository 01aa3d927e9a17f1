// Who wins when both sides replace the same SA at once (RFC 7296 §2.8.1): the SA whose exchange has
// the lowest of the four nonces is closed by the side that asked for it. Nonces compare as strings of
// bytes; a shorter one that is a beginning of the longer is the lower.

export function isLower(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return a.length < b.length;
}

export const lowest = (a: Uint8Array, b: Uint8Array): Uint8Array => (isLower(a, b) ? a : b);
