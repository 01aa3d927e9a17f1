// The body of an SK payload: IV, ciphertext, ICV (RFC 7296 §3.14; AEADs RFC 5282 §3, RFC 7634 §3).
// One Protection per direction and key. Its `seal` fits Sealer of src/wire.
import { type CipherGCMTypes, createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { EncryptionRow } from '../algorithms/encryption.js';
import type { IntegrityRow } from '../algorithms/integrity.js';
import { sameMac } from './authentication.js';
import { cbc } from './cbc.js';
import { type DirectionKeys, eraseKeys } from './keymat.js';

export interface Protection {
  /** Multiple that the plaintext must be padded to, its Pad Length byte included. */
  readonly blockBytes: number;
  bodyLength(plaintextLength: number): number;
  seal(aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** undefined: not sealed with these keys, or altered. Nothing is known before that is settled. */
  open(aad: Uint8Array, body: Uint8Array): Uint8Array | undefined;
  /** The keys themselves, not copies: for who opens a capture, on demand. */
  keys(): DirectionKeys;
  /** Overwrites the keys; what is called afterwards throws. */
  erase(): void;
}

interface Algorithms {
  readonly encryption: EncryptionRow;
  readonly integrity: IntegrityRow;
}

export function protection(
  { encryption, integrity }: Algorithms,
  keys: DirectionKeys,
  random: (bytes: number) => Uint8Array,
): Protection {
  const made = encryption.aead ? aead(encryption, keys) : mac(encryption, integrity, keys, random);
  let erased = false;
  const alive = (): Suite => {
    if (erased) throw new Error('the keys of this IKE SA are erased');
    return made;
  };
  return {
    blockBytes: made.blockBytes,
    bodyLength: made.bodyLength,
    seal: (aad, plaintext) => alive().seal(aad, plaintext),
    open: (aad, body) => alive().open(aad, body),
    keys: () => {
      alive();
      return keys;
    },
    erase() {
      erased = true;
      eraseKeys(keys);
    },
  };
}

type Suite = Omit<Protection, 'erase' | 'keys'>;

function aead(row: EncryptionRow, { encryptionKey, salt }: DirectionKeys): Suite {
  const overhead = row.ivBytes + row.icvBytes;
  // ChaCha20-Poly1305 has GCM's interface in node:crypto; the types know only GCM's names.
  const name = row.openssl as CipherGCMTypes;
  const options = { authTagLength: row.icvBytes };
  // RFC 5282 §3.1: the IV must never repeat under one key; a counter cannot.
  let counter = 0n;
  return {
    blockBytes: 1,
    bodyLength: (plaintextLength) => plaintextLength + overhead,
    seal(aad, plaintext) {
      const iv = new Uint8Array(row.ivBytes);
      new DataView(iv.buffer).setBigUint64(0, counter++);
      const cipher = createCipheriv(name, encryptionKey, Buffer.concat([salt, iv]), options);
      cipher.setAAD(aad, { plaintextLength: plaintext.length });
      const sealed = [iv, cipher.update(plaintext), cipher.final()];
      return new Uint8Array(Buffer.concat([...sealed, cipher.getAuthTag()]));
    },
    open(aad, body) {
      if (body.length < overhead) return undefined;
      const iv = body.subarray(0, row.ivBytes);
      const decipher = createDecipheriv(name, encryptionKey, Buffer.concat([salt, iv]), options);
      const end = body.length - row.icvBytes;
      decipher.setAuthTag(body.subarray(end));
      decipher.setAAD(aad, { plaintextLength: body.length - overhead });
      const opened = decipher.update(body.subarray(row.ivBytes, end));
      try {
        return new Uint8Array(Buffer.concat([opened, decipher.final()]));
      } catch {
        return undefined; // the only thing `final` refuses is the tag
      }
    },
  };
}

function mac(
  row: EncryptionRow,
  integrity: IntegrityRow,
  { encryptionKey, integrityKey }: DirectionKeys,
  random: (bytes: number) => Uint8Array,
): Suite {
  const overhead = row.ivBytes + integrity.icvBytes;
  const cipher = cbc(row.openssl!, encryptionKey);
  const icv = (...parts: readonly Uint8Array[]): Uint8Array => {
    const hmac = createHmac(integrity.openssl!, integrityKey);
    for (const part of parts) hmac.update(part);
    return hmac.digest().subarray(0, integrity.icvBytes);
  };
  return {
    blockBytes: row.blockBytes,
    bodyLength: (plaintextLength) => plaintextLength + overhead,
    seal(aad, plaintext) {
      // RFC 7296 §3.14: the IV of a block cipher in CBC mode is unpredictable.
      const iv = random(row.ivBytes);
      const sealed = Buffer.concat([iv, cipher.encrypt(iv, plaintext)]);
      return new Uint8Array(Buffer.concat([sealed, icv(aad, sealed)]));
    },
    open(aad, body) {
      const end = body.length - integrity.icvBytes;
      const length = end - row.ivBytes;
      if (length < row.blockBytes || length % row.blockBytes !== 0) return undefined;
      const sealed = body.subarray(0, end);
      if (!sameMac(icv(aad, sealed), body.subarray(end))) return undefined;
      const iv = sealed.subarray(0, row.ivBytes);
      return new Uint8Array(cipher.decrypt(iv, sealed.subarray(row.ivBytes)));
    },
  };
}
