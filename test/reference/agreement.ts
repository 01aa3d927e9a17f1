// Key agreement in whole numbers, slow and with the constants of the RFCs written out: the second
// opinion on what OpenSSL's groups are and on how public values and secrets stand in bytes.
//   MODP   RFC 2409 §6.1, §6.2; RFC 3526: p = 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) pi) + k)
//   ECP    RFC 5903 §3       EC2N  RFC 2409 §6.3, §6.4, x alone       X25519  RFC 7748 §5

export const toInteger = (bytes: Uint8Array): bigint =>
  bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
export function toBytes(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) =>
    Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn),
  );
}
const modulo = (a: bigint, p: bigint): bigint => ((a % p) + p) % p;

function power(base: bigint, exponent: bigint, p: bigint): bigint {
  let result = 1n;
  for (let b = base % p, e = exponent; e > 0n; e >>= 1n, b = (b * b) % p) {
    if (e & 1n) result = (result * b) % p;
  }
  return result;
}
const inverse = (a: bigint, p: bigint): bigint => power(modulo(a, p), p - 2n, p);

// ---- MODP --------------------------------------------------------------------------------------

const K: Readonly<Record<number, bigint>> = {
  768: 149686n,
  1024: 129093n,
  1536: 741804n,
  2048: 124476n,
  3072: 1690314n,
  4096: 240904n,
  6144: 929484n,
  8192: 4743158n,
};

/** floor(2^bits * pi), by Machin: pi / 4 = 4 arctan(1/5) - arctan(1/239). */
function pi(bits: number): bigint {
  const one = 1n << BigInt(bits + 64);
  const arctan = (x: bigint): bigint => {
    let sum = 0n;
    for (let term = one / x, n = 1n; term !== 0n; term /= x * x, n += 2n) {
      sum += n % 4n === 1n ? term / n : -(term / n);
    }
    return sum;
  };
  return (4n * (4n * arctan(5n) - arctan(239n))) >> 64n;
}

export function modpPrime(bits: number): bigint {
  const n = BigInt(bits);
  return (1n << n) - (1n << (n - 64n)) - 1n + (1n << 64n) * (pi(bits - 130) + K[bits]!);
}

export const modp = (base: bigint, exponent: bigint, bits: number): bigint =>
  power(base, exponent, modpPrime(bits));

// ---- ECP ---------------------------------------------------------------------------------------

type Point = readonly [bigint, bigint] | undefined;

const ECP: Readonly<Record<number, { p: bigint; b: bigint; g: Point }>> = {
  256: {
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    g: [
      0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
    ],
  },
};

function add(P: Point, Q: Point, p: bigint): Point {
  if (!P) return Q;
  if (!Q) return P;
  const [x1, y1] = P;
  const [x2, y2] = Q;
  if (x1 === x2 && modulo(y1 + y2, p) === 0n) return undefined;
  // a = -3 on all three curves
  const slope =
    x1 === x2 ? (3n * x1 * x1 - 3n) * inverse(2n * y1, p) : (y2 - y1) * inverse(x2 - x1, p);
  const x = modulo(slope * slope - x1 - x2, p);
  return [x, modulo(slope * (x1 - x) - y1, p)];
}

export function ecp(bits: number, scalar: bigint, point: Point = ECP[bits]!.g): Point {
  let result: Point;
  for (let P = point, s = scalar; s > 0n; s >>= 1n, P = add(P, P, ECP[bits]!.p)) {
    if (s & 1n) result = add(result, P, ECP[bits]!.p);
  }
  return result;
}

export function onCurve(bits: number, [x, y]: readonly [bigint, bigint]): boolean {
  const { p, b } = ECP[bits]!;
  return modulo(y * y - (x * x * x - 3n * x + b), p) === 0n;
}

// ---- EC2N: y^2 + xy = x^3 + b over GF(2^m), x-only ladder -----------------------------------------

const EC2N: Readonly<Record<number, { m: number; field: bigint; b: bigint; g: bigint }>> = {
  155: { m: 155, field: (1n << 155n) | (1n << 62n) | 1n, b: 0x07338fn, g: 0x7bn },
  185: { m: 185, field: (1n << 185n) | (1n << 69n) | 1n, b: 0x1ee9n, g: 0x18n },
};

export function ec2n(bits: number, scalar: bigint, x: bigint = EC2N[bits]!.g): bigint {
  const { m, field, b } = EC2N[bits]!;
  const times = (u: bigint, v: bigint): bigint => {
    let product = 0n;
    for (let i = BigInt(m - 1); i >= 0n; i--) {
      product <<= 1n;
      if (product >> BigInt(m)) product ^= field;
      if ((v >> i) & 1n) product ^= u;
    }
    return product;
  };
  const square = (u: bigint): bigint => times(u, u);
  const double = ([X, Z]: [bigint, bigint]): [bigint, bigint] => [
    square(square(X)) ^ times(b, square(square(Z))),
    times(square(X), square(Z)),
  ];
  const sum = ([X1, Z1]: [bigint, bigint], [X2, Z2]: [bigint, bigint]): [bigint, bigint] => {
    const [a, c] = [times(X1, Z2), times(X2, Z1)];
    const Z = square(a ^ c);
    return [times(x, Z) ^ times(a, c), Z];
  };
  let low: [bigint, bigint] = [x, 1n];
  let high = double(low);
  for (let i = BigInt(scalar.toString(2).length - 2); i >= 0n; i--) {
    const next = sum(low, high);
    if ((scalar >> i) & 1n) [low, high] = [next, double(high)];
    else [low, high] = [double(low), next];
  }
  // The inverse of Z is Z^(2^m - 2).
  let inverted = 1n;
  for (let i = 1, u = square(low[1]); i < m; i++, u = square(u)) inverted = times(inverted, u);
  return times(low[0], inverted);
}

// ---- X25519 ------------------------------------------------------------------------------------

const P25519 = 2n ** 255n - 19n;

/** RFC 7748 §5: the ladder, on little-endian numbers. */
export function x25519(scalar: Uint8Array, u: Uint8Array): Uint8Array {
  const p = P25519;
  const littleEndian = (bytes: Uint8Array): bigint => toInteger(bytes.slice().reverse());
  const k = (littleEndian(scalar) & ((1n << 254n) - 8n)) | (1n << 254n);
  const x1 = littleEndian(u) & ((1n << 255n) - 1n);
  let [x2, z2, x3, z3] = [1n, 0n, x1, 1n];
  for (let t = 254n; t >= 0n; t--) {
    const bit = (k >> t) & 1n;
    if (bit) [x2, z2, x3, z3] = [x3, z3, x2, z2];
    const [A, B, C, D] = [x2 + z2, x2 - z2, x3 + z3, x3 - z3];
    const [DA, CB, AA, BB] = [D * A, C * B, modulo(A * A, p), modulo(B * B, p)];
    const E = AA - BB;
    x3 = modulo((DA + CB) ** 2n, p);
    z3 = modulo(x1 * (DA - CB) ** 2n, p);
    x2 = modulo(AA * BB, p);
    z2 = modulo(E * (AA + 121665n * E), p);
    if (bit) [x2, z2, x3, z3] = [x3, z3, x2, z2];
  }
  return toBytes(modulo(x2 * inverse(z2, p), p), 32).reverse();
}
