// The body of an SK payload: IV, ciphertext, ICV (RFC 7296 §3.14; AEADs RFC 5282 §3, RFC 7634 §3).
// One Protection per direction and key. Its `seal` fits Sealer of src/wire.
import { type CipherGCMTypes, createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { EncryptionRow } from '../algorithms/encryption.js';
import type { IntegrityRow } from '../algorithms/integrity.js';
import { sameMac } from './authentication.js';
import { type Cbc, cbc } from './cbc.js';
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
  algorithms: Algorithms,
  keys: DirectionKeys,
  random: (bytes: number) => Uint8Array,
): Protection {
  return algorithms.encryption.aead
    ? new AeadProtection(algorithms.encryption, keys)
    : new MacProtection(algorithms, keys, random);
}

// Classes, not closures: each of thousands of IKE SAs has two of them.
abstract class Keyed {
  #keys: DirectionKeys | undefined;

  constructor(keys: DirectionKeys) {
    this.#keys = keys;
  }

  keys(): DirectionKeys {
    if (!this.#keys) throw new Error('the keys of this IKE SA are erased');
    return this.#keys;
  }

  erase(): void {
    if (this.#keys) eraseKeys(this.#keys);
    this.#keys = undefined;
  }
}

class AeadProtection extends Keyed implements Protection {
  readonly blockBytes = 1;
  readonly #row: EncryptionRow;
  /** RFC 5282 §3.1: the IV must never repeat under one key; a counter cannot. */
  #counter = 0;

  constructor(row: EncryptionRow, keys: DirectionKeys) {
    super(keys);
    this.#row = row;
  }

  bodyLength(plaintextLength: number): number {
    return plaintextLength + this.#row.ivBytes + this.#row.icvBytes;
  }

  /** ChaCha20-Poly1305 has GCM's interface in node:crypto; the types know only GCM's names. */
  get #name(): CipherGCMTypes {
    return this.#row.openssl as CipherGCMTypes;
  }

  seal(aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const { encryptionKey, salt } = this.keys();
    const iv = new Uint8Array(this.#row.ivBytes);
    new DataView(iv.buffer).setBigUint64(0, BigInt(this.#counter++));
    const options = { authTagLength: this.#row.icvBytes };
    const nonce = Buffer.concat([salt, iv]);
    const cipher = createCipheriv(this.#name, encryptionKey, nonce, options);
    cipher.setAAD(aad, { plaintextLength: plaintext.length });
    const sealed = [iv, cipher.update(plaintext), cipher.final()];
    return new Uint8Array(Buffer.concat([...sealed, cipher.getAuthTag()]));
  }

  open(aad: Uint8Array, body: Uint8Array): Uint8Array | undefined {
    const { encryptionKey, salt } = this.keys();
    const { ivBytes, icvBytes } = this.#row;
    const overhead = ivBytes + icvBytes;
    if (body.length < overhead) return undefined;
    const options = { authTagLength: icvBytes };
    const nonce = Buffer.concat([salt, body.subarray(0, ivBytes)]);
    const decipher = createDecipheriv(this.#name, encryptionKey, nonce, options);
    const end = body.length - icvBytes;
    decipher.setAuthTag(body.subarray(end));
    decipher.setAAD(aad, { plaintextLength: body.length - overhead });
    const opened = decipher.update(body.subarray(ivBytes, end));
    try {
      return new Uint8Array(Buffer.concat([opened, decipher.final()]));
    } catch {
      return undefined; // the only thing `final` refuses is the tag
    }
  }
}

class MacProtection extends Keyed implements Protection {
  readonly #row: EncryptionRow;
  readonly #integrity: IntegrityRow;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #cipher: Cbc;

  constructor(
    { encryption, integrity }: Algorithms,
    keys: DirectionKeys,
    random: (bytes: number) => Uint8Array,
  ) {
    super(keys);
    this.#row = encryption;
    this.#integrity = integrity;
    this.#random = random;
    this.#cipher = cbc(encryption.openssl!, keys.encryptionKey);
  }

  get blockBytes(): number {
    return this.#row.blockBytes;
  }

  bodyLength(plaintextLength: number): number {
    return plaintextLength + this.#row.ivBytes + this.#integrity.icvBytes;
  }

  #icv(...parts: readonly Uint8Array[]): Uint8Array {
    const hmac = createHmac(this.#integrity.openssl!, this.keys().integrityKey);
    for (const part of parts) hmac.update(part);
    return hmac.digest().subarray(0, this.#integrity.icvBytes);
  }

  seal(aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    // RFC 7296 §3.14: the IV of a block cipher in CBC mode is unpredictable.
    const iv = this.#random(this.#row.ivBytes);
    this.keys(); // or they are erased
    const sealed = Buffer.concat([iv, this.#cipher.encrypt(iv, plaintext)]);
    return new Uint8Array(Buffer.concat([sealed, this.#icv(aad, sealed)]));
  }

  open(aad: Uint8Array, body: Uint8Array): Uint8Array | undefined {
    this.keys();
    const { ivBytes, blockBytes } = this.#row;
    const end = body.length - this.#integrity.icvBytes;
    const length = end - ivBytes;
    if (length < blockBytes || length % blockBytes !== 0) return undefined;
    const sealed = body.subarray(0, end);
    if (!sameMac(this.#icv(aad, sealed), body.subarray(end))) return undefined;
    const iv = sealed.subarray(0, ivBytes);
    return new Uint8Array(this.#cipher.decrypt(iv, sealed.subarray(ivBytes)));
  }
}
