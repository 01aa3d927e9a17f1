// The methods of an identity with EAP, as src/eap's two drivers want them: with its passwords, its
// certificates, and what must be true of the other side's.
import type { X509Certificate } from 'node:crypto';
import type { Certificate } from '../../crypto/certificates.js';
import { CertificateError } from '../../crypto/certificates.js';
import { KEY_PURPOSES } from '../../crypto/object-identifiers.js';
import type { Conversation } from '../../eap/authenticator.js';
import { LocalConversation } from '../../eap/local.js';
import { METHODS, type MethodName, type PeerMethod, type ServerMethod } from '../../eap/method.js';
import { MschapPeer, MschapServer } from '../../eap/mschapv2.js';
import { eapPeap } from '../../eap/peap.js';
import { EapPeer } from '../../eap/peer.js';
import type { Judge, TlsIdentity } from '../../eap/tls.js';
import { eapTls } from '../../eap/tls-peer.js';
import { type Holder, TlsServer } from '../../eap/tls-server.js';
import { eapTtls } from '../../eap/ttls.js';
import type { EapIdentity, EapLocalIdentity, User } from '../../policy/database.js';
import { ID_FQDN } from '../../wire/numbers.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import { report, type Work, type World } from '../exchange.js';
import { ownCertificate } from './digital-signature.js';
import { formatId, formatVouched, vouchesFor, type WireId } from './identification.js';
import { sameCertificate, type Vouched, vouchedBy } from './trust.js';

const isMethod = (name: string): name is MethodName => Object.hasOwn(METHODS, name);

/** Those that prove both sides and make keys: only they may stand alone (RFC 5998 §4). */
const usable = (names: readonly string[], alone: boolean): MethodName[] =>
  names.filter(isMethod).filter((name) => !alone || METHODS[name].mutual);

/** Whether EAP alone could prove who the responder is, too. */
export const mayStandAlone = ({ eapMethods }: EapIdentity): boolean =>
  usable(eapMethods, true).length > 0;

const randomOf =
  ({ context }: World) =>
  (bytes: number): Uint8Array =>
    context.random(bytes);

// ---- initiator ---------------------------------------------------------------------------------

export interface Meeting {
  /** The responder showed no certificate: the EAP server is the responder, or nobody is. */
  readonly alone: boolean;
  readonly idr: IdPayload;
  /** What our IKE identity says, for who has no user name. */
  readonly claims: string;
}

export function eapPeer(work: Work, identity: EapIdentity, meeting: Meeting): EapPeer {
  const { username, password, eapMethods } = identity;
  const random = randomOf(work.world);
  const credentials = { username, password };
  // What shows us as a client is EAP-TLS's alone: the others have a password.
  const tls = (names: readonly string[]) => ({
    identity: names.length > 0 ? tlsIdentity(work, names) : undefined,
    judge: judgeOfServer(work, identity, meeting),
  });
  const make: Record<MethodName, () => PeerMethod> = {
    'eap-tls': () => eapTls(tls(identity.certificate)),
    'eap-mschapv2': () => new MschapPeer(credentials, random),
    'eap-ttls': () => eapTtls(tls([]), credentials, identity.ttlsInner, random),
    'eap-peap': () => eapPeap(tls([]), credentials, random),
  };
  const methods = usable(eapMethods, meeting.alone).map((name) => ({
    type: METHODS[name].type,
    make: make[name],
  }));
  const outer = identity.outerIdentity || username || meeting.claims;
  return new EapPeer({ identity: outer, methods });
}

function judgeOfServer(work: Work, identity: EapIdentity, { alone, idr }: Meeting): Judge {
  const { certificates } = work.world.context;
  const { remoteCertificate, remoteId, serverNames } = identity;
  const vouched = (leaf: Certificate, id: WireId): boolean =>
    vouchesFor(leaf, id, (a, b) => certificates.sameName(a, b));
  // Where the responder showed one of its own, it stands by that, not by that of the EAP server.
  const noted = alone ? work.sa.vouched : [];
  return judgeOf(work, KEY_PURPOSES.serverAuth, noted, (leaf) => {
    if (alone && remoteCertificate !== undefined) {
      const pinned = certificates.named(remoteCertificate);
      const text = `it shows the certificate of ${leaf.subjectText}`;
      if (!sameCertificate(pinned, leaf)) return `${text}, not of ${pinned.subjectText}`;
    }
    if (serverNames.length > 0) {
      if (serverNames.some((name) => vouched(leaf, nameOf(name)))) return undefined;
      const wanted = `eap-server-name is ${serverNames.join(', ')}`;
      return `${wanted}; its certificate is for ${formatVouched(leaf)}`;
    }
    if (!alone || remoteId.kind === 'ignore' || vouched(leaf, idr)) return undefined;
    return `it says it is ${formatId(idr)}; its certificate is for ${formatVouched(leaf)}`;
  });
}

/** The dot of the root is of no certificate's. */
const nameOf = (name: string): WireId => ({
  idType: ID_FQDN,
  data: new TextEncoder().encode(name.replace(/\.$/, '')),
});

// ---- responder ---------------------------------------------------------------------------------

/** Where we decide ourselves. */
export function localConversation(
  work: Work,
  { eapMethods, certificate }: EapLocalIdentity,
  alone: boolean,
): Conversation {
  const { world } = work;
  const random = randomOf(world);
  const make: Partial<Record<MethodName, (claimed: string) => ServerMethod>> = {
    'eap-mschapv2': (claimed) => {
      const { users } = world.databases;
      const found = users.find(({ name, password }) => name === claimed && password !== '');
      return new MschapServer(found, claimed, random);
    },
    'eap-tls': (claimed) => {
      const judge = judgeOf(work, KEY_PURPOSES.clientAuth, work.sa.vouched, () => undefined);
      const options = { identity: tlsIdentity(work, certificate), judge };
      return new TlsServer(options, (shown) => holderOf(work, shown, claimed));
    },
  };
  const methods = usable(eapMethods, alone).flatMap((name) => {
    const one = make[name];
    return one ? [{ type: METHODS[name].type, make: one }] : [];
  });
  return new LocalConversation(methods, random(1)[0]!);
}

/** The user whose certificate this is. A name that no user has is no reason: it may be made up (RFC 9190). */
function holderOf(work: Work, shown: X509Certificate, claimed: string): Holder {
  const { users } = work.world.databases;
  const holders = users.filter((user) => isHolder(work, user, shown));
  const named = users.some(({ name }) => name === claimed);
  const found = holders.find(({ name }) => !named || name === claimed);
  if (found) return { user: found.name };
  const subject = shown.subject.replaceAll('\n', ', ');
  return {
    reason: named
      ? `its certificate is of ${subject}, not of this user`
      : `no user has the certificate of ${subject}: add one of its name to the menu user`,
  };
}

/** The user's own certificate, or any that is trusted and names the user. */
function isHolder(work: Work, user: User, shown: X509Certificate): boolean {
  const { certificates } = work.world.context;
  if (user.certificate !== undefined) {
    const own = certificateOf(work, user, user.certificate);
    return own !== undefined && sameCertificate(own, certificates.read(shown.raw));
  }
  const { CN } = shown.toLegacyObject().subject;
  if ([CN].flat().includes(user.name)) return true;
  return certificates
    .read(shown.raw)
    .names.some(({ kind, value }) => kind !== 'ip' && sameText(value, user.name));
}

/** One that cannot be read keeps its own user out, and no other. */
function certificateOf(work: Work, user: User, name: string): Certificate | undefined {
  try {
    return work.world.context.certificates.named(name);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    report(work, 'warning', 'ike.auth', `user ${user.name} cannot log in by it: ${error.message}`);
    return undefined;
  }
}

const sameText = (bytes: Uint8Array, text: string): boolean =>
  Buffer.from(bytes).toString('latin1').toLowerCase() === text.toLowerCase();

// ---- both --------------------------------------------------------------------------------------

/** A trusted path, made for this side of TLS (RFC 5216 §5.3), not revoked, and what else must be true. */
const judgeOf =
  (
    work: Work,
    usage: string,
    /** Where the path goes by which it was let in. */
    noted: Vouched[],
    further: (leaf: Certificate) => string | undefined,
  ): Judge =>
  async (chain) => {
    const [first] = chain;
    const { certificates } = work.world.context;
    if (!first) return 'it shows no certificate';
    // Node calls the extended usages so.
    const usages = first.keyUsage as readonly string[] | undefined;
    try {
      const sent = chain.map(({ raw }) => certificates.read(raw));
      const path = certificates.verify(sent);
      const side = usage === KEY_PURPOSES.serverAuth ? 'server' : 'client';
      if (
        usages &&
        !usages.some((one) => one === usage || one === KEY_PURPOSES.anyExtendedKeyUsage)
      ) {
        return `the extended key usage of ${sent[0]!.subjectText} is not for a TLS ${side}`;
      }
      const wrong = further(sent[0]!);
      if (wrong !== undefined) return wrong;
      for (const text of await certificates.checkRevocation(path)) {
        report(work, 'warning', 'ike.auth', text);
      }
      noted.push(vouchedBy(path));
      return undefined;
    } catch (error) {
      if (error instanceof CertificateError) return error.message;
      throw error;
    }
  };

function tlsIdentity(work: Work, names: readonly string[]): TlsIdentity {
  const { chain, privateKey } = ownCertificate(work, names);
  return {
    certificate: chain.map(({ der }) => pem(der)).join(''),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function pem(der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
