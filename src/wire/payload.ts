// A payload kind: one declaration from which a payload's body is decoded, encoded and printed. The
// generic header (RFC 7296 §3.2) belongs to the chain, not to the payload.
import type { Reader, Writer } from './bytes.js';
import { record, type Shape, type Values } from './fields.js';

/** Refuses a value: the path of the field and what is wrong with it. */
export type Fail = (field: string, reason: string) => never;

interface Declaration<N extends string, S extends Shape> {
  readonly number: number;
  readonly type: N;
  readonly fields: S;
  /** Limits that are not shape; they hold for what we send as well. */
  readonly check?: (value: Values<S>, fail: Fail) => void;
  /** The RFC's notation for it in one word or two; never a secret. */
  readonly print: (value: Values<S>, response: boolean) => string;
}

export type PayloadOf<N extends string, S extends Shape> = { readonly type: N } & Values<S>;

export interface PayloadKind<P> {
  readonly number: number;
  readonly type: string;
  decode(input: Reader): P;
  encode(output: Writer, payload: P): void;
  print(payload: P, response: boolean): string;
}
/** The value type of a payload kind. */
export type ValueOf<K> = K extends PayloadKind<infer P> ? P : never;

export function payload<const N extends string, S extends Shape>(
  declaration: Declaration<N, S>,
): PayloadKind<PayloadOf<N, S>> {
  const { number, type, fields, check, print } = declaration;
  const shape = record(fields);
  return {
    number,
    type,
    print,
    decode(input) {
      const start = input.at;
      const values = shape.decode(input, {});
      check?.(values, (field, reason) => {
        input.at = start;
        input.path.push(field);
        return input.fail(reason);
      });
      return { type, ...values };
    },
    encode(output, value) {
      check?.(value, (field, reason) => {
        output.path.push(field);
        return output.fail(reason);
      });
      shape.encode(output, value, {});
    },
  };
}
