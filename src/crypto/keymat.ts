// Keys of IKE SAs and CHILD_SAs, one function per formula of RFC 7296 §2.14, §2.17, §2.18.
import type { EspSuite, IkeSuite } from '../algorithms/proposals.js';
import type { PrfRow } from '../algorithms/prf.js';
import { prf, prfPlus } from './prf.js';

/** Both sides' nonces and SPIs of the exchange that made the keys; initiator and responder of it. */
export interface Nonces {
  readonly initiator: Uint8Array;
  readonly responder: Uint8Array;
}

/** The keys of one direction: cipher key, salt of an AEAD, integrity key. */
export interface DirectionKeys {
  readonly encryptionKey: Uint8Array;
  readonly salt: Uint8Array;
  readonly integrityKey: Uint8Array;
}

export interface IkeKeys {
  readonly d: Uint8Array;
  /** SK_ei with SK_ai, SK_er with SK_ar. */
  readonly initiator: DirectionKeys;
  readonly responder: DirectionKeys;
  readonly pi: Uint8Array;
  readonly pr: Uint8Array;
}

const NONE = new Uint8Array(0);

/** Hands out consecutive pieces of key material: views of it, all of which are erased in the end. */
function cutter(material: Uint8Array): (bytes: number) => Uint8Array {
  let at = 0;
  return (bytes) => {
    if (bytes === 0) return NONE;
    at += bytes;
    return material.subarray(at - bytes, at);
  };
}

/** Overwrites keys that nobody uses any more. */
export function eraseKeys({ encryptionKey, salt, integrityKey }: DirectionKeys): void {
  for (const key of [encryptionKey, salt, integrityKey]) key.fill(0);
}

/** SKEYSEED = prf(Ni | Nr, g^ir), §2.14. */
export function skeyseed(row: PrfRow, nonces: Nonces, secret: Uint8Array): Uint8Array {
  return prf(row, Buffer.concat([nonces.initiator, nonces.responder]), secret);
}

/** SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr), with the old SA's PRF, §2.18. */
export function rekeySkeyseed(
  old: { readonly prf: PrfRow; readonly d: Uint8Array },
  nonces: Nonces,
  secret: Uint8Array,
): Uint8Array {
  return prf(old.prf, old.d, secret, nonces.initiator, nonces.responder);
}

/**
 * {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr),
 * §2.14; with an AEAD there is no SK_a and the salt ends SK_e (RFC 5282 §7.1).
 */
export function ikeKeys(
  suite: IkeSuite,
  seed: Uint8Array,
  nonces: Nonces,
  spis: { readonly initiator: Uint8Array; readonly responder: Uint8Array },
): IkeKeys {
  const { encryption, integrity, prf: row } = suite;
  const integrityBytes = encryption.aead ? 0 : integrity.keyBytes;
  const one = integrityBytes + encryption.keyBytes + encryption.saltBytes;
  const next = cutter(
    prfPlus(
      row,
      seed,
      [nonces.initiator, nonces.responder, spis.initiator, spis.responder],
      3 * row.keyBytes + 2 * one,
    ),
  );
  const d = next(row.keyBytes);
  const [ai, ar] = [next(integrityBytes), next(integrityBytes)];
  const direction = (integrityKey: Uint8Array): DirectionKeys => ({
    encryptionKey: next(encryption.keyBytes),
    salt: next(encryption.saltBytes),
    integrityKey,
  });
  const initiator = direction(ai);
  const responder = direction(ar);
  return { d, initiator, responder, pi: next(row.keyBytes), pr: next(row.keyBytes) };
}

/**
 * KEYMAT = prf+(SK_d, [g^ir (new) |] Ni | Nr), §2.17: first the SA from initiator to responder, in
 * each the encryption key (salt at its end, RFC 4106 §8.1) before the integrity key.
 */
export function childKeys(
  ike: { readonly prf: PrfRow; readonly d: Uint8Array },
  suite: EspSuite,
  nonces: Nonces,
  secret: Uint8Array | undefined,
): { readonly initiator: DirectionKeys; readonly responder: DirectionKeys } {
  const { encryption, integrity } = suite;
  const one = encryption.keyBytes + encryption.saltBytes + integrity.keyBytes;
  const seed = [...(secret ? [secret] : []), nonces.initiator, nonces.responder];
  const next = cutter(prfPlus(ike.prf, ike.d, seed, 2 * one));
  const direction = (): DirectionKeys => ({
    encryptionKey: next(encryption.keyBytes),
    salt: next(encryption.saltBytes),
    integrityKey: next(integrity.keyBytes),
  });
  return { initiator: direction(), responder: direction() };
}
