// MS-CHAPv2's sums, one function per formula of RFC 2759 §8; its keys are RFC 3079 §3's.
import { createCipheriv } from 'node:crypto';
import { sameMac } from '../crypto/authentication.js';
import { sha1 } from '../crypto/digest.js';
import { md4 } from '../crypto/md4.js';
import { secretBytes } from '../crypto/prf.js';

export const CHALLENGE_BYTES = 16;
export const RESPONSE_BYTES = 24;
const HASH_BYTES = 16;
const KEY_BYTES = 16;
/** RFC 3748 §7.10: an MSK has at least as many. */
const MSK_BYTES = 64;

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** One exchange: both challenges and the name the peer gave with its own. */
export interface Challenges {
  readonly authenticator: Uint8Array;
  readonly peer: Uint8Array;
  /** As sent; what stands before a backslash is left out where it is hashed (§4, §8.2). */
  readonly name: Uint8Array;
}

/** §8.3: of the password in UTF-16, least significant byte first. */
export function passwordHash(password: string): Uint8Array {
  const unicode = Buffer.from(password, 'utf16le');
  const hash = md4(unicode);
  unicode.fill(0);
  return hash;
}

/** §8.2. */
export function challengeHash({ authenticator, peer, name }: Challenges): Uint8Array {
  const bare = name.subarray(name.lastIndexOf(0x5c) + 1);
  return sha1(peer, authenticator, bare).subarray(0, 8);
}

/** §8.1, §8.5: three DES encryptions of the challenge, by the password's hash cut in three. */
export function ntResponse(challenges: Challenges, password: string): Uint8Array {
  const challenge = challengeHash(challenges);
  const keys = secretBytes(21);
  const hash = passwordHash(password);
  keys.set(hash);
  const response = secretBytes(RESPONSE_BYTES);
  for (let i = 0; i < 3; i++) {
    response.set(des(keys.subarray(7 * i, 7 * i + 7), challenge), 8 * i);
  }
  for (const secret of [keys, hash]) secret.fill(0);
  return response;
}

/** §8.6. Triple DES with one key three times is DES, which OpenSSL 3 does not give us by name. */
function des(key56: Uint8Array, block: Uint8Array): Uint8Array {
  const key = secretBytes(8);
  // Seven bits a byte, the eighth is parity, which nobody looks at.
  for (let i = 0; i < 8; i++) {
    const left = i > 0 ? key56[i - 1]! << (8 - i) : 0;
    const right = i < 7 ? key56[i]! >> i : 0;
    key[i] = (left | right) & 0xfe;
  }
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null);
  key.fill(0);
  return cipher.setAutoPadding(false).update(block);
}

const SERVER_SIGNS = ascii('Magic server to client signing constant');
const MORE_PASSES = ascii('Pad to make it do more than one iteration');

/** §8.7: the authenticator's proof that it knows the password, too: `S=` and 40 digits. */
export function authenticatorResponse(
  challenges: Challenges,
  password: string,
  response: Uint8Array,
): string {
  const hash = passwordHash(password);
  const hashHash = md4(hash);
  const digest = sha1(hashHash, response, SERVER_SIGNS);
  const proof = sha1(digest, challengeHash(challenges), MORE_PASSES);
  for (const secret of [hash, hashHash]) secret.fill(0);
  return `S=${Buffer.from(proof).toString('hex').toUpperCase()}`;
}

/** §8.8: whether the text begins with that proof. Digits may be of either case. */
export function provesAuthenticator(text: string, expected: string): boolean {
  return sameMac(ascii(text.slice(0, expected.length).toUpperCase()), ascii(expected));
}

const MASTER = ascii('This is the MPPE Master Key');
const CLIENT_SENDS = ascii(
  'On the client side, this is the send key; on the server side, it is the receive key.',
);
const SERVER_SENDS = ascii(
  'On the client side, this is the receive key; on the server side, it is the send key.',
);
const PAD_1 = new Uint8Array(40);
const PAD_2 = new Uint8Array(40).fill(0xf2);

/** RFC 3079 §3.3, §3.4: the two keys as the server calls them. */
export function mppeKeys(
  password: string,
  response: Uint8Array,
): { readonly receive: Uint8Array; readonly send: Uint8Array } {
  const hash = passwordHash(password);
  const hashHash = md4(hash);
  const master = sha1(hashHash, response, MASTER).subarray(0, HASH_BYTES);
  const key = (magic: Uint8Array) => sha1(master, PAD_1, magic, PAD_2).subarray(0, KEY_BYTES);
  const keys = { receive: key(CLIENT_SENDS), send: key(SERVER_SENDS) };
  for (const secret of [hash, hashHash, master]) secret.fill(0);
  return keys;
}

/** [MS-CHAP] §3.1.5.1: MasterReceiveKey, MasterSendKey of the server, 32 zeros. */
export function mschapMsk(password: string, response: Uint8Array): Uint8Array {
  const { receive, send } = mppeKeys(password, response);
  const msk = secretBytes(MSK_BYTES);
  msk.set(receive);
  msk.set(send, KEY_BYTES);
  for (const secret of [receive, send]) secret.fill(0);
  return msk;
}
