// Assertions the wire suites share.
import * as assert from 'uvu/assert';
import { WireError } from '../../src/wire/error.js';

/** Bytes from hexadecimal digits; a `#` starts a comment to the end of its line. */
export const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replace(/#.*/g, '').match(/[0-9a-f]{2}/gi) ?? [], (byte) =>
    Number.parseInt(byte, 16),
  );

/** Runs what must be refused and gives the error, which must be ours. */
export function refusal(run: () => unknown): WireError {
  try {
    run();
  } catch (error) {
    assert.instance(error, WireError);
    return error as WireError;
  }
  return assert.unreachable('must be refused') as never;
}
