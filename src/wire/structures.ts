// The part of the field kit that is peculiar to IKE: chained substructures, unions by a number, and
// data attributes.
import { field, type Integer, type Scope, type VisibleField } from './fields.js';

/**
 * Substructures of RFC 7296 §3.3.1 and §3.3.2: {0 last or `more`, RESERVED, length} and a body. The
 * marker must agree with the end of the enclosing bytes, and with `count` where there is one.
 */
export function substructures<T>(
  more: number,
  body: VisibleField<T>,
  most: number,
  count?: string,
): VisibleField<readonly T[]> {
  return field(
    (input, scope) => {
      const items: T[] = [];
      while (input.left > 0) {
        if (items.length === most) input.fail(`more than ${most} substructures`);
        const marker = input.uint(1);
        input.uint(1);
        const length = input.uint(2);
        if (length < 4) input.fail(`substructure of ${length} bytes`);
        items.push(input.within(length - 4, () => body.decode(input, scope)));
        if (marker !== (input.left > 0 ? more : 0)) {
          input.fail(`marker ${marker} with ${input.left} bytes following`);
        }
      }
      if (count !== undefined && scope[count] !== items.length) {
        input.fail(`${items.length} substructures, ${scope[count]} announced`);
      }
      return items;
    },
    (output, value, scope) => {
      if (value.length > most) output.fail(`more than ${most} substructures`);
      value.forEach((one, index) => {
        const start = output.at;
        output.uint(4, index < value.length - 1 ? more * 2 ** 24 : 0);
        body.encode(output, one, scope);
        output.patch(start + 2, 2, output.at - start);
      });
    },
  );
}

/** One arm of a union: the wire's number, the value of the tag in our types, the fields after it. */
export interface Arm {
  readonly number: number;
  readonly is: string | number;
  readonly fields: VisibleField<object>;
}
type ArmValue<N extends string, A extends Arm> = A extends Arm
  ? { readonly [K in N]: A['is'] } & (A['fields'] extends VisibleField<infer T> ? T : never)
  : never;
type OtherValue<N extends string, O> = { readonly [K in N]: 'unknown' } & {
  readonly number: number;
} & O;

/** A union by a leading number; numbers without an arm survive as `unknown` with their number. */
export function tagged<N extends string, const A extends Arm, O extends object>(
  name: N,
  size: Integer,
  arms: readonly A[],
  other: VisibleField<O>,
): VisibleField<ArmValue<N, A> | OtherValue<N, O>> {
  type Value = ArmValue<N, A> | OtherValue<N, O>;
  return field<Value>(
    (input, scope) => {
      const number = input.uint(size.size);
      const arm = arms.find((one) => one.number === number);
      if (arm) return { [name]: arm.is, ...arm.fields.decode(input, scope) } as unknown as Value;
      return { [name]: 'unknown', number, ...other.decode(input, scope) } as unknown as Value;
    },
    (output, value, scope) => {
      const tag = (value as Scope)[name];
      const arm = arms.find((one) => one.is === tag);
      const { number } = arm ?? (value as OtherValue<N, O>);
      output.uint(size.size, number);
      (arm ? arm.fields : other).encode(output, value as never, scope);
    },
  );
}

/** A number is sent as a short attribute (TV), bytes as a long one (TLV). */
export interface Attribute {
  readonly type: number;
  readonly value: number | Uint8Array;
}

/** The data attribute of RFC 7296 §3.3.5: the type's top bit says TV. */
export const attribute: VisibleField<Attribute> = field(
  (input) => {
    const type = input.uint(2);
    if (type >= 0x8000) return { type: type & 0x7fff, value: input.uint(2) };
    return { type, value: input.take(input.uint(2)) };
  },
  (output, { type, value }) => {
    if (type > 0x7fff) output.fail(`attribute type ${type} does not fit in 15 bits`);
    output.uint(2, typeof value === 'number' ? type | 0x8000 : type);
    output.uint(2, typeof value === 'number' ? value : value.length);
    if (typeof value !== 'number') output.put(value);
  },
);
