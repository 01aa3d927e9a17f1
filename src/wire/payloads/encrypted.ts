// SK (RFC 7296 §3.14) and SKF (RFC 7383 §2.5), outer shape only: IV, ciphertext and ICV are one body,
// as their sizes are the business of whoever holds the keys. Next Payload of the generic header names
// the first payload inside. Either must be the message's last payload.
//
//   SKF puts this before the body:
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |        Fragment Number        |        Total Fragments        |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { rest, u16 } from '../fields.js';
import { payload, type ValueOf } from '../payload.js';

export const Encrypted = payload({
  number: 46,
  type: 'Encrypted',
  fields: { body: rest },
  print: () => 'SK {…}',
});

export const EncryptedFragment = payload({
  number: 53,
  type: 'EncryptedFragment',
  fields: { fragmentNumber: u16, totalFragments: u16, body: rest },
  /** RFC 7383 §2.5: numbers start with 1, the total is not less than any of them. */
  check({ fragmentNumber, totalFragments }, fail) {
    if (fragmentNumber === 0 || fragmentNumber > totalFragments) {
      fail('fragmentNumber', `${fragmentNumber} of ${totalFragments}`);
    }
  },
  print: ({ fragmentNumber, totalFragments }) => `SKF(${fragmentNumber}/${totalFragments}) {…}`,
});

/** What the chain adds: `aad` is the message up to the body (RFC 5282 §5.1, RFC 7383 §2.5.2). */
interface Outer {
  readonly firstPayload: number;
  readonly aad: Uint8Array;
}
export type EncryptedPayload = ValueOf<typeof Encrypted> & Outer;
export type EncryptedFragmentPayload = ValueOf<typeof EncryptedFragment> & Outer;
