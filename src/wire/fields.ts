// The field kit: small codecs from which a payload is declared. A record's value type follows from
// its fields, both ways; fields that carry no information (reserved bits, lengths, counts) are
// hidden from the value, written from it, and checked against it.
import type { Reader, Writer } from './bytes.js';

/** Values of the record around a field: on decode those read so far, on encode all of them. */
export type Scope = Readonly<Record<string, unknown>>;

// Methods, not properties: their bivariance lets Field<number> stand where Field<unknown> is asked.
export interface Field<T> {
  readonly hidden: boolean;
  decode(input: Reader, scope: Scope): T;
  encode(output: Writer, value: T, scope: Scope): void;
}
export interface VisibleField<T> extends Field<T> {
  readonly hidden: false;
}
export interface HiddenField extends Field<unknown> {
  readonly hidden: true;
}

export type Shape = Readonly<Record<string, Field<unknown>>>;
export type Values<S extends Shape> = {
  readonly [K in keyof S as S[K] extends HiddenField ? never : K]: S[K] extends VisibleField<
    infer T
  >
    ? T
    : never;
};

export function field<T>(
  decode: (input: Reader, scope: Scope) => T,
  encode: (output: Writer, value: T, scope: Scope) => void,
): VisibleField<T> {
  return { hidden: false, decode, encode };
}

function hiddenField(
  decode: (input: Reader, scope: Scope) => unknown,
  encode: (output: Writer, scope: Scope) => void,
): HiddenField {
  return { hidden: true, decode, encode: (output, _value, scope) => encode(output, scope) };
}

// ---- numbers ------------------------------------------------------------------------------------

export interface Integer extends VisibleField<number> {
  readonly size: number;
}

function integer(size: number): Integer {
  const base = field<number>(
    (input) => input.uint(size),
    (output, value) => output.uint(size, value),
  );
  return { ...base, size };
}

export const u8 = integer(1);
export const u16 = integer(2);
export const u32 = integer(4);

/** An unsigned integer of `size` bytes as a bigint: an SPI, an address. */
export function unsigned(size: number): VisibleField<bigint> {
  return field(
    (input) => input.bigUint(size),
    (output, value) => output.uint(size, value),
  );
}
export const u64 = unsigned(8);

/** 15 bits after a reserved one, which is ignored on receipt. */
export const u15: VisibleField<number> = field(
  (input) => input.uint(2) & 0x7fff,
  (output, value) => {
    if (value > 0x7fff) output.fail(`${value} does not fit in 15 bits`);
    output.uint(2, value);
  },
);

/** One byte of named bits; bits without a name are ignored on receipt, zero when sent. */
export function flags<N extends string>(
  masks: Readonly<Record<N, number>>,
): VisibleField<Readonly<Record<N, boolean>>> {
  const names = Object.keys(masks) as N[];
  return field(
    (input) => {
      const byte = input.uint(1);
      const entries = names.map((name) => [name, (byte & masks[name]) !== 0] as const);
      return Object.fromEntries(entries) as Record<N, boolean>;
    },
    (output, value) => {
      output.uint(
        1,
        names.reduce((byte, name) => byte | (value[name] ? masks[name] : 0), 0),
      );
    },
  );
}

// ---- bytes --------------------------------------------------------------------------------------

/** Bytes up to the end of the enclosing structure. */
export const rest: VisibleField<Uint8Array> = field(
  (input) => input.take(input.left),
  (output, value) => output.put(value),
);

/** Exactly n bytes, or as many as the hidden field `n` said. */
export function bytes(n: number | string): VisibleField<Uint8Array> {
  return field(
    (input, scope) => input.take(typeof n === 'number' ? n : Number(scope[n])),
    (output, value) => {
      if (typeof n === 'number' && value.length !== n) output.fail(`must be ${n} bytes`);
      output.put(value);
    },
  );
}

// ---- hidden fields ------------------------------------------------------------------------------

/** RESERVED: zero when sent, ignored on receipt (RFC 7296 §2.5). */
export function reserved(n: number): HiddenField {
  return hiddenField(
    (input) => void input.take(n),
    (output) => output.put(new Uint8Array(n)),
  );
}

/** A number that has only one right value. */
export function constant(size: Integer, value: number): HiddenField {
  return hiddenField(
    (input) => {
      const got = input.uint(size.size);
      if (got !== value) input.fail(`is ${got}, must be ${value}`);
    },
    (output) => output.uint(size.size, value),
  );
}

/** Length in bytes of the sibling `name` plus `extra`, or in items if that is a list. */
export function lengthOf(name: string, size: Integer, extra = 0): HiddenField {
  return hiddenField(
    (input) => {
      const length = input.uint(size.size) - extra;
      if (length < 0) input.fail(`is ${length + extra}, must be at least ${extra}`);
      return length;
    },
    (output, scope) => {
      const value = scope[name] as ArrayLike<unknown>;
      output.uint(size.size, value.length + extra);
    },
  );
}
/** The number of items in the sibling list `name`. */
export const countOf = (name: string, size: Integer): HiddenField => lengthOf(name, size);

/** The length of each item of the sibling list `name`, whose items are byte strings. */
export function itemSizeOf(name: string, size: Integer): HiddenField {
  return hiddenField(
    (input) => input.uint(size.size),
    (output, scope) => {
      const items = scope[name] as readonly Uint8Array[];
      const length = items[0]?.length ?? 0;
      if (items.some((item) => item.length !== length)) output.fail(`${name} of unlike sizes`);
      output.uint(size.size, length);
    },
  );
}

// ---- structures ---------------------------------------------------------------------------------

/** Fields in order. */
export function record<S extends Shape>(shape: S): VisibleField<Values<S>> {
  const entries = Object.entries(shape);
  return field(
    (input) => {
      const scope: Record<string, unknown> = {};
      const value: Record<string, unknown> = {};
      for (const [name, item] of entries) {
        input.path.push(name);
        scope[name] = item.decode(input, scope);
        if (!item.hidden) value[name] = scope[name];
        input.path.pop();
      }
      return value as Values<S>;
    },
    (output, value) => {
      const scope = value as Scope;
      for (const [name, item] of entries) {
        output.path.push(name);
        item.encode(output, scope[name], scope);
        output.path.pop();
      }
    },
  );
}

/** Items up to the end of the enclosing structure, or as many as the hidden field `count` said. */
export function listOf<T>(
  item: VisibleField<T>,
  most: number,
  count?: string,
): VisibleField<readonly T[]> {
  return field(
    (input, scope) => {
      const items: T[] = [];
      const wanted = count === undefined ? Infinity : Number(scope[count]);
      while (count === undefined ? input.left > 0 : items.length < wanted) {
        if (items.length === most) input.fail(`more than ${most} items`);
        const start = input.at;
        items.push(item.decode(input, scope));
        // A zero-length item would let two bytes of count ask for 65,535 allocations.
        if (input.at === start) input.fail('items of no length');
      }
      return items;
    },
    (output, value, scope) => {
      if (value.length > most) output.fail(`more than ${most} items`);
      for (const one of value) item.encode(output, one, scope);
    },
  );
}
