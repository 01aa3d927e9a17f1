// Authentication by certificate and signature (RFC 7296 §2.15, RFC 7427, RFC 4754).
//
// The peer's proof is checked in this order, so that nothing is asked of the network for somebody who
// has not shown that the key is his:
//   1 certificates as they came, the pinned one    4 the signature over the peer's first message
//   2 a path to a trusted CA (OpenSSL decides)     5 revocation, which may ask a server
//   3 the identity stands in the certificate
import type { Certificate, OwnCertificate } from '../../crypto/certificates.js';
import { signedOctets } from '../../crypto/authentication.js';
import {
  buildSignature,
  chooseSignature,
  oldMethod,
  readSignature,
  signOld,
  signWith,
  verifyOld,
  verifyWith,
} from '../../crypto/signature.js';
import type { SignatureIdentity } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import { AUTH_DIGITAL_SIGNATURE, AUTH_SHARED_KEY_MIC } from '../../wire/numbers.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import { IkeError } from '../errors.js';
import { type Exchange, report, required, type Work } from '../exchange.js';
import { sameBytes } from '../window.js';
import type { AuthMethod } from './authentication.js';
import { formatId, formatVouched, vouchesFor } from './identification.js';
import {
  buildCertificates,
  refuse,
  refusing,
  refusingLater,
  sentCertificates,
} from './sent-certificates.js';
import { otherSide, vouchedFor } from './signed-octets.js';
import { trustedPath, vouchedBy } from './trust.js';

// ---- ours ----------------------------------------------------------------------------------------

export const ownCertificate = (
  { world }: Pick<Work, 'world'>,
  names: readonly string[],
): OwnCertificate => refusing(() => world.context.certificates.own(names));

/** CERT payloads, leaf first, and AUTH with a signature: also a responder's whose peer uses EAP. */
export async function proveBySignature(
  work: Work,
  { certificate, rsaPadding }: Pick<SignatureIdentity, 'certificate' | 'rsaPadding'>,
  id: IdPayload,
): Promise<PlainPayload[]> {
  const { sa } = work;
  const own = ownCertificate(work, certificate);
  sayWhereUntrusted(work, own);
  const octets = signedOctets(sa.secured!.suite.prf, vouchedFor(sa, sa.side, id));
  return [
    ...buildCertificates(work, own),
    { type: 'AUTH', ...(await sign(work, own, octets, rsaPadding)) },
  ];
}

/** The peer is shown our certificate all the same: its CERTREQ is a hint (§3.7). */
function sayWhereUntrusted(work: Work, { chain, issuers }: OwnCertificate): void {
  const { authorities } = work.sa.handshake!;
  const trusted = issuers.some(({ publicKeyHash }) =>
    authorities.some((one) => sameBytes(one, publicKeyHash)),
  );
  if (authorities.length === 0 || issuers.length === 0 || trusted) return;
  const text = `the peer asks for a certificate of other CAs than that of ${chain[0]!.subjectText}`;
  report(work, 'info', 'ike.auth', text);
}

async function sign(
  { sa }: Work,
  { privateKey, chain }: OwnCertificate,
  octets: Uint8Array,
  padding: SignatureIdentity['rsaPadding'],
): Promise<{ method: number; data: Uint8Array }> {
  const { signatureHashes } = sa.handshake!;
  const algorithm = signatureHashes && chooseSignature(privateKey, signatureHashes, padding);
  if (algorithm) {
    const value = await signWith(algorithm, privateKey, octets);
    return { method: AUTH_DIGITAL_SIGNATURE, data: buildSignature(algorithm, value) };
  }
  const method = oldMethod(privateKey);
  if (method === undefined) {
    const key = `the ${privateKey.asymmetricKeyType} key of ${chain[0]!.subjectText}`;
    const why = signatureHashes ? 'allows no hash for it' : 'does not know RFC 7427';
    throw refuse(`the peer cannot check ${key}: it ${why}`);
  }
  return { method, data: await signOld(privateKey, octets) };
}

// ---- the peer's ----------------------------------------------------------------------------------

/** What of an identity says whom a certificate may stand for. */
type Expected = Pick<SignatureIdentity, 'peer' | 'remoteId' | 'remoteCertificate' | 'matchBy'>;

/** Throws unless the message proves by certificate and signature that the peer is `id`; notes by which. */
export async function checkSignature(
  exchange: Exchange,
  identity: Expected,
  id: IdPayload,
): Promise<void> {
  const { certificates } = exchange.world.context;
  const { remoteCertificate, matchBy, remoteId } = identity;
  const pinned =
    remoteCertificate === undefined
      ? undefined
      : refusing(() => certificates.named(remoteCertificate));
  const sent = await sentCertificates(exchange);
  const chain = sent.length === 0 && pinned ? [pinned] : sent;
  const [leaf] = chain;
  const who = formatId(id);
  if (!leaf) throw refuse(`peer ${who} sends no certificate, and remote-certificate names none`);
  const path = refusing(() => trustedPath(certificates, chain, remoteCertificate));
  const names = vouchesFor(leaf, id, (a, b) => certificates.sameName(a, b));
  if (!names && matchBy === 'remote-id' && remoteId.kind !== 'ignore') {
    throw refuse(`peer says it is ${who}; its certificate is for ${formatVouched(leaf)}`);
  }
  const algorithm = await verifySignature(exchange, leaf, id);
  await checkRevocation(exchange, path);
  exchange.sa.vouched.push(vouchedBy(path, remoteCertificate, names));
  const facts = { certificate: leaf.subjectText, algorithm };
  const text = `peer ${who} has signed with ${algorithm}, certificate ${leaf.subjectText}`;
  report(exchange, 'debug', 'ike.auth', text, facts);
}

async function verifySignature(
  exchange: Exchange,
  leaf: Certificate,
  id: IdPayload,
): Promise<string> {
  const { sa } = exchange;
  const { method, data } = required(exchange, 'AUTH');
  const octets = signedOctets(sa.secured!.suite.prf, vouchedFor(sa, otherSide(sa), id));
  const wrong = `the signature of peer ${formatId(id)} is not one of ${leaf.subjectText}`;
  if (method === AUTH_SHARED_KEY_MIC) {
    const text = `peer ${formatId(id)} authenticates by secret, we allow digital-signature only`;
    throw new IkeError('authentication-failed', text);
  }
  if (method !== AUTH_DIGITAL_SIGNATURE) {
    const name = await verifyOld(method, leaf.publicKey, octets, data);
    if (name === undefined) throw refuse(`${wrong} by method ${method}`);
    if (name === 'rsa-sha1') {
      const why = sa.handshake!.signatureHashes ? 'though it could do better' : 'without RFC 7427';
      report(exchange, 'warning', 'ike.auth', `peer signs with SHA-1, ${why}`);
    }
    return name;
  }
  const signature = readSignature(data);
  if (!signature) {
    throw refuse(`peer ${formatId(id)} signs with an algorithm that we did not announce`);
  }
  const { algorithm, value } = signature;
  if (await verifyWith(algorithm, leaf.publicKey, octets, value)) return algorithm.name;
  throw refuse(`${wrong} with ${algorithm.name}`);
}

async function checkRevocation(exchange: Exchange, path: readonly Certificate[]): Promise<void> {
  const { certificates } = exchange.world.context;
  for (const text of await refusingLater(certificates.checkRevocation(path))) {
    report(exchange, 'warning', 'ike.auth', text);
  }
}

export const SIGNATURE: AuthMethod<SignatureIdentity> = {
  prove: proveBySignature,
  check: checkSignature,
};
