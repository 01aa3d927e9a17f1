// As whom we call a peer that has several identities: by the first of them, until the peer does not
// accept it or we do not believe the answer; then by the next, round and round. Certificates of CAs
// that the peer does not ask for come after the others (CERTREQ, RFC 7296 §3.7).
import { CertificateError } from '../crypto/certificates.js';
import type { Databases, Identity, Peer, Template } from '../policy/database.js';
import { identitiesOf, templatesOf } from './directory.js';
import { report, type Work, type World } from './exchange.js';
import { formatOwn } from './parts/identification.js';
import { sameBytes } from './window.js';

/** An entry for users who log in here says nothing of how we do where we call. */
const callingIdentities = (databases: Databases, peer: Peer): readonly Identity[] =>
  identitiesOf(databases, peer).filter(
    ({ authMethod }) => authMethod !== 'eap-local' && authMethod !== 'eap-radius',
  );

/** Whose turn it is. */
export function callingIdentity(world: World, peer: Peer): Identity | undefined {
  const all = callingIdentities(world.databases, peer);
  return all[(world.links.get(peer.name)?.turn ?? 0) % Math.max(1, all.length)];
}

/** The template we ask by, where we get our address from the peer (mode-config). */
export function askedTemplate(world: World, peer: Peer): Template | undefined {
  const identity = callingIdentity(world, peer);
  if (identity?.modeConfig?.role !== 'initiator') return undefined;
  return templatesOf(world.databases, identity)[0];
}

/** The one to authenticate by, now that the peer has said whose certificates it takes. */
export function chooseCalling(work: Work): Identity {
  const { world, sa } = work;
  const all = callingIdentities(world.databases, sa.peer);
  const link = world.links.get(sa.peer.name);
  const turn = (link?.turn ?? 0) % all.length;
  const order = [...all.slice(turn), ...all.slice(0, turn)];
  // connect() has seen to it that there is one.
  const chosen = order.find((one) => isAskedFor(work, one)) ?? order[0]!;
  if (link) link.turn = all.indexOf(chosen);
  return chosen;
}

function isAskedFor({ world, sa }: Work, identity: Identity): boolean {
  const { authorities } = sa.handshake!;
  if (identity.authMethod !== 'digital-signature' || authorities.length === 0) return true;
  try {
    const { issuers } = world.context.certificates.own(identity.certificate);
    const hashes = issuers.map(({ publicKeyHash }) => publicKeyHash);
    return (
      hashes.length === 0 || hashes.some((hash) => authorities.some((one) => sameBytes(one, hash)))
    );
  } catch (error) {
    // One that is not there: where no other does, its reason is told when it is used.
    if (error instanceof CertificateError) return false;
    throw error;
  }
}

/** Authentication has failed, on whichever side: the next call is by another identity, if there is one. */
export function nextIdentity(work: Work): void {
  const { world, sa } = work;
  const link = world.links.get(sa.peer.name);
  const all = callingIdentities(world.databases, sa.peer);
  if (!link || all.length < 2 || sa.side !== 'initiator') return;
  link.turn = (link.turn + 1) % all.length;
  const next = all[link.turn]!;
  const how = `${formatOwn(next.myId)} by ${next.authMethod}`;
  const text = `the next call is by identity ${link.turn + 1} of ${all.length}: my-id ${how}`;
  report(work, 'info', 'ike.auth', text);
}
