// From a shared secret to an IKE SA that can speak: keys in place, one protection per direction.
import type { IkeSuite } from '../../algorithms/proposals.js';
import { ikeKeys, type Nonces } from '../../crypto/keymat.js';
import { protection } from '../../crypto/protection.js';
import { spiBytes } from '../../wire/header.js';
import type { World } from '../exchange.js';
import type { IkeSa } from '../sa.js';

/** Derives the keys from SKEYSEED and takes them into use. */
export function secure(
  { context }: World,
  sa: IkeSa,
  suite: IkeSuite,
  seed: Uint8Array,
  nonces: Nonces,
): void {
  const spis = { initiator: spiBytes(sa.spiInitiator), responder: spiBytes(sa.spiResponder) };
  const keys = ikeKeys(suite, seed, nonces, spis);
  seed.fill(0);
  const random = (bytes: number) => context.random(bytes);
  const initiator = protection(suite, keys.initiator, random);
  const responder = protection(suite, keys.responder, random);
  const ours = sa.side === 'initiator';
  sa.secured = {
    suite,
    d: keys.d,
    pi: keys.pi,
    pr: keys.pr,
    outbound: ours ? initiator : responder,
    inbound: ours ? responder : initiator,
  };
}

/** Overwrites the keys of an IKE SA that is dead; what EAP had under way is let go. */
export function forget({ secured, handshake }: IkeSa): void {
  handshake?.eap?.conversation.close();
  if (!secured) return;
  for (const key of [secured.d, secured.pi, secured.pr]) key.fill(0);
  for (const direction of [secured.inbound, secured.outbound]) direction.erase();
}

/** A random IKE SPI that no SA of ours has; never zero (RFC 7296 §3.1). */
export function newIkeSpi({ context, store }: World): bigint {
  for (;;) {
    const spi = new DataView(Uint8Array.from(context.random(8)).buffer).getBigUint64(0);
    if (spi !== 0n && !store.bySpi(spi)) return spi;
  }
}
