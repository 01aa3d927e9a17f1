// CERT (RFC 7296 §3.6) and CERTREQ (§3.7): a certificate, and the authorities one would like it from.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   | Cert Encoding |                                               |
//   +-+-+-+-+-+-+-+-+          Certificate Data or                  ~
//   ~                          Certification Authority              |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { rest, u8 } from '../fields.js';
import { CERT_X509_SIGNATURE } from '../numbers.js';
import { payload, type ValueOf } from '../payload.js';

const SHA1_BYTES = 20;

export const CERT = payload({
  number: 37,
  type: 'CERT',
  fields: { encoding: u8, data: rest },
  check({ data }, fail) {
    if (data.length === 0) fail('data', 'is empty');
  },
  print: () => 'CERT',
});

export const CERTREQ = payload({
  number: 38,
  type: 'CERTREQ',
  fields: { encoding: u8, authorities: rest },
  /** §3.7: a list of SHA-1 hashes of authorities' public keys; no hash at all means any. */
  check({ encoding, authorities }, fail) {
    if (encoding === CERT_X509_SIGNATURE && authorities.length % SHA1_BYTES !== 0) {
      fail('authorities', `${authorities.length} bytes are no list of hashes`);
    }
  },
  print: () => 'CERTREQ',
});

export type CertPayload = ValueOf<typeof CERT>;
export type CertreqPayload = ValueOf<typeof CERTREQ>;
