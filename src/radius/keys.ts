// The keys a server hands over with its Accept: MS-MPPE-Recv-Key and MS-MPPE-Send-Key (RFC 2548
// §2.4.2, §2.4.3), which together are EAP's MSK.
import { md5 } from '../crypto/digest.js';
import { secretBytes } from '../crypto/prf.js';
import { allOf } from './attributes.js';
import { type Packet, RadiusError } from './packet.js';

const SALT_BYTES = 2;
const BLOCK = 16;
/** RFC 5247 §1.2: at least 64 bytes. */
const MSK_BYTES = 64;

/**
 * Salt | c(1) | c(2) …, c(i) = p(i) xor b(i), b(1) = MD5(S | R | Salt), b(i) = MD5(S | c(i-1)).
 * The plain text is a length, the key and zeros.
 */
function decryptKey(
  value: Uint8Array,
  secret: Uint8Array,
  requestAuthenticator: Uint8Array,
): Uint8Array {
  const salt = value.subarray(0, SALT_BYTES);
  const cipher = value.subarray(SALT_BYTES);
  if (cipher.length === 0 || cipher.length % BLOCK !== 0 || (salt[0]! & 0x80) === 0) {
    throw new RadiusError(`an MPPE key of ${value.length} bytes is none`);
  }
  const plain = secretBytes(cipher.length);
  for (let at = 0; at < cipher.length; at += BLOCK) {
    const pad =
      at === 0
        ? md5(secret, requestAuthenticator, salt)
        : md5(secret, cipher.subarray(at - BLOCK, at));
    for (let i = 0; i < BLOCK; i++) plain[at + i] = cipher[at + i]! ^ pad[i]!;
    pad.fill(0);
  }
  const length = plain[0]!;
  if (length === 0 || length > plain.length - 1) {
    plain.fill(0);
    throw new RadiusError('an MPPE key that does not decrypt: is the secret right?');
  }
  const key = secretBytes(length);
  key.set(plain.subarray(1, 1 + length));
  plain.fill(0);
  return key;
}

/**
 * MSK = Recv-Key | Send-Key, with zeros where a method makes fewer than 64 bytes (EAP-MSCHAPv2: 16
 * each). undefined: the method makes no key.
 */
export function masterSessionKey(
  accept: Pick<Packet, 'attributes'>,
  secret: Uint8Array,
  requestAuthenticator: Uint8Array,
): Uint8Array | undefined {
  const receive = allOf(accept, 'MS-MPPE-Recv-Key');
  const send = allOf(accept, 'MS-MPPE-Send-Key');
  if (receive.length === 0 && send.length === 0) return undefined;
  if (receive.length !== 1 || send.length !== 1) {
    throw new RadiusError('the Accept has half of an MPPE key, or two of them');
  }
  const parts = [receive[0]!, send[0]!].map((value) =>
    decryptKey(value, secret, requestAuthenticator),
  );
  const msk = secretBytes(Math.max(MSK_BYTES, parts[0]!.length + parts[1]!.length));
  msk.set(parts[0]!);
  msk.set(parts[1]!, parts[0]!.length);
  for (const part of parts) part.fill(0);
  return msk;
}
