// What an instruction makes of public operands, for secrecy.ts: all of the integer instructions that
// culvert.wasm has, and of the vector ones those that carry addresses. undefined: not one of these.
import binaryen from 'binaryen';
import type { Value } from './secrecy.js';

type Numbers = (a: number, b: number) => number | boolean;
type Bigs = (a: bigint, b: bigint) => bigint | boolean;

const UNSIGNED = (a: number): number => a >>> 0;
const SIGNED = (a: bigint): bigint => BigInt.asIntN(64, a);
const MASK = 63n;

const INT32 = new Map<number, Numbers>([
  [binaryen.AddInt32, (a, b) => a + b],
  [binaryen.SubInt32, (a, b) => a - b],
  [binaryen.MulInt32, Math.imul],
  [binaryen.DivUInt32, (a, b) => Math.floor(UNSIGNED(a) / UNSIGNED(b))],
  [binaryen.DivSInt32, (a, b) => Math.trunc(a / b)],
  [binaryen.RemUInt32, (a, b) => UNSIGNED(a) % UNSIGNED(b)],
  [binaryen.RemSInt32, (a, b) => a % b],
  [binaryen.AndInt32, (a, b) => a & b],
  [binaryen.OrInt32, (a, b) => a | b],
  [binaryen.XorInt32, (a, b) => a ^ b],
  [binaryen.ShlInt32, (a, b) => a << b],
  [binaryen.ShrUInt32, (a, b) => a >>> b],
  [binaryen.ShrSInt32, (a, b) => a >> b],
  [binaryen.RotLInt32, (a, b) => (a << b) | (a >>> -b)],
  [binaryen.RotRInt32, (a, b) => (a >>> b) | (a << -b)],
  [binaryen.EqInt32, (a, b) => a === b],
  [binaryen.NeInt32, (a, b) => a !== b],
  [binaryen.LtSInt32, (a, b) => a < b],
  [binaryen.LeSInt32, (a, b) => a <= b],
  [binaryen.GtSInt32, (a, b) => a > b],
  [binaryen.GeSInt32, (a, b) => a >= b],
  [binaryen.LtUInt32, (a, b) => UNSIGNED(a) < UNSIGNED(b)],
  [binaryen.LeUInt32, (a, b) => UNSIGNED(a) <= UNSIGNED(b)],
  [binaryen.GtUInt32, (a, b) => UNSIGNED(a) > UNSIGNED(b)],
  [binaryen.GeUInt32, (a, b) => UNSIGNED(a) >= UNSIGNED(b)],
]);

const INT64 = new Map<number, Bigs>([
  [binaryen.AddInt64, (a, b) => a + b],
  [binaryen.SubInt64, (a, b) => a - b],
  [binaryen.MulInt64, (a, b) => a * b],
  [binaryen.DivUInt64, (a, b) => a / b],
  [binaryen.RemUInt64, (a, b) => a % b],
  [binaryen.AndInt64, (a, b) => a & b],
  [binaryen.OrInt64, (a, b) => a | b],
  [binaryen.XorInt64, (a, b) => a ^ b],
  [binaryen.ShlInt64, (a, b) => a << (b & MASK)],
  [binaryen.ShrUInt64, (a, b) => a >> (b & MASK)],
  [binaryen.ShrSInt64, (a, b) => SIGNED(a) >> (b & MASK)],
  [binaryen.RotLInt64, (a, b) => (a << (b & MASK)) | (a >> ((64n - b) & MASK))],
  [binaryen.RotRInt64, (a, b) => (a >> (b & MASK)) | (a << ((64n - b) & MASK))],
  [binaryen.EqInt64, (a, b) => a === b],
  [binaryen.NeInt64, (a, b) => a !== b],
  [binaryen.LtUInt64, (a, b) => a < b],
  [binaryen.LeUInt64, (a, b) => a <= b],
  [binaryen.GtUInt64, (a, b) => a > b],
  [binaryen.GeUInt64, (a, b) => a >= b],
  [binaryen.LtSInt64, (a, b) => SIGNED(a) < SIGNED(b)],
  [binaryen.LeSInt64, (a, b) => SIGNED(a) <= SIGNED(b)],
  [binaryen.GtSInt64, (a, b) => SIGNED(a) > SIGNED(b)],
  [binaryen.GeSInt64, (a, b) => SIGNED(a) >= SIGNED(b)],
]);

const UNARY = new Map<number, (a: number | bigint) => number | bigint>([
  [binaryen.EqZInt32, (a) => Number(a === 0)],
  [binaryen.EqZInt64, (a) => Number(a === 0n)],
  [binaryen.WrapInt64, (a) => Number(BigInt.asIntN(32, BigInt(a)))],
  [binaryen.ExtendUInt32, (a) => BigInt.asUintN(32, BigInt(a))],
  [binaryen.ExtendSInt32, (a) => BigInt.asUintN(64, BigInt(a))],
  [binaryen.TruncSatUFloat64ToInt64, (a) => BigInt(Math.trunc(Math.max(0, Number(a))))],
  [binaryen.ClzInt32, (a) => Math.clz32(Number(a))],
  [binaryen.CtzInt32, (a) => (a === 0 ? 32 : 31 - Math.clz32(Number(a) & -Number(a)))],
  [binaryen.ExtendS8Int32, (a) => (Number(a) << 24) >> 24],
  [binaryen.ExtendS16Int32, (a) => (Number(a) << 16) >> 16],
]);

export function unary(op: number, value: Value): Value | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const result = UNARY.get(op)?.(value);
  if (result !== undefined || isVector(op)) return result;
  throw new Error(`unary operation ${op} is not modelled`);
}

export function binary(op: number, a: Value, b: Value): Value | undefined {
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    const result = INT64.get(op)?.(a, b);
    if (result === undefined) throw new Error(`binary operation ${op} of i64 is not modelled`);
    return typeof result === 'boolean' ? Number(result) : BigInt.asUintN(64, result);
  }
  if (typeof a !== 'number' || typeof b !== 'number') return undefined;
  const result = INT32.get(op)?.(a, b);
  if (result === undefined) throw new Error(`binary operation ${op} of i32 is not modelled`);
  return Number(result) | 0;
}

/** Splats take a number and give a vector: those without a model are not an error. */
function isVector(op: number): boolean {
  return [
    binaryen.SplatVecI8x16,
    binaryen.SplatVecI16x8,
    binaryen.SplatVecI32x4,
    binaryen.SplatVecI64x2,
  ].includes(op);
}

export function vectorUnary(op: number, value: Value): Value | undefined {
  if (op === binaryen.SplatVecI32x4 && typeof value === 'number') {
    return new Uint8Array(Int32Array.of(value, value, value, value).buffer);
  }
  if (!(value instanceof Uint8Array)) return undefined;
  if (op === binaryen.AnyTrueVec128) return Number(value.some((byte) => byte !== 0));
  return op === binaryen.NotVec128 ? value.map((byte) => ~byte) : undefined;
}

const BYTES = new Map<number, (a: number, b: number) => number>([
  [binaryen.AndVec128, (a, b) => a & b],
  [binaryen.OrVec128, (a, b) => a | b],
  [binaryen.XorVec128, (a, b) => a ^ b],
]);

export function vectorBinary(op: number, a: Value, b: Value): Value | undefined {
  if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return undefined;
  const bytes = BYTES.get(op);
  if (bytes !== undefined) return a.map((byte, i) => bytes(byte, b[i]!));
  if (op !== binaryen.AddVecI32x4) return undefined;
  const [one, other] = [new Int32Array(a.slice().buffer), new Int32Array(b.slice().buffer)];
  return new Uint8Array(one.map((lane, i) => lane + other[i]!).buffer);
}
