// An entry of a menu as a value of the databases (src/policy/database.ts), one function a menu.
import { ikeNamesWith } from '../algorithms/clients.js';
import type { Prefix } from '../policy/address.js';
import type {
  CertificateEntry,
  ConnectionMark,
  GeneratePolicy,
  Identity,
  ModeConfig,
  Peer,
  Policy,
  Pool,
  Profile,
  Proposal,
  User,
} from '../policy/database.js';
import { isAead } from './algorithms.js';
import type { Entry } from './menu.js';
import type {
  certificateMenu,
  identityMenu,
  modeConfigMenu,
  peerMenu,
  policyMenu,
  poolMenu,
  profileMenu,
  proposalMenu,
  userMenu,
} from './menus.js';

// The properties are listed one by one: a new one that nobody carries over fails to compile.

/** For AH the integrity algorithms count, whatever the encryption algorithms need. */
export const forAh = (entry: Entry<typeof proposalMenu>): Proposal => ({
  ...proposalOf(entry),
  authAlgorithms: entry['auth-algorithms'],
});

export const profileOf = (entry: Entry<typeof profileMenu>): Profile => ({
  name: entry.name,
  dhGroup: entry['dh-group'],
  encAlgorithm: entry['enc-algorithm'],
  hashAlgorithm: entry['hash-algorithm'],
  prfAlgorithm: entry['prf-algorithm'],
  lifetime: entry.lifetime,
  natTraversal: entry['nat-traversal'],
  dpdInterval: entry['dpd-interval'],
  dpdMaximumFailures: entry['dpd-maximum-failures'],
  fragmentSize: entry['fragment-size'],
  proposalCheck: entry['proposal-check'],
});

/** An integrity algorithm beside AEAD alone would be offered to nobody; the engine sees none. */
export const proposalOf = (entry: Entry<typeof proposalMenu>): Proposal => ({
  name: entry.name,
  encAlgorithms: entry['enc-algorithms'],
  authAlgorithms: entry['enc-algorithms'].every(isAead) ? ['null'] : entry['auth-algorithms'],
  lifetime: entry.lifetime,
  lifebytes: entry.lifebytes,
  pfsGroup: entry['pfs-group'],
  esn: entry.esn,
  replayWindow: entry['replay-window'],
});

/** A value of a peer that is started: what waits for a later protocol has been set aside. */
function built<T, B extends T>(value: T, there: boolean): B {
  if (!there) throw new Error('bug: a peer that is not started reached the engine');
  return value as B;
}

export const peerOf = <A extends Prefix | string>(
  entry: Omit<Entry<typeof peerMenu>, 'address'>,
  address: A,
  profile: Profile,
): Omit<Peer, 'address'> & { readonly address: A } => ({
  name: entry.name,
  address,
  localAddress: entry['local-address'],
  port: entry.port,
  exchangeMode: built(entry['exchange-mode'], entry['exchange-mode'] === 'ike2'),
  passive: entry.passive,
  profile: ikeNamesWith(profile, entry['compatible-with']),
  sendInitialContact: entry['send-initial-contact'],
  udpEncapsulation: entry['udp-encapsulation'],
  mobike: entry.mobike,
  childless: entry.childless,
  compatibleWith: entry['compatible-with'],
});

export function identityOf(entry: Entry<typeof identityMenu>, modeConfig?: ModeConfig): Identity {
  const shared = {
    peer: entry.peer,
    myId: entry['my-id'],
    remoteId: entry['remote-id'],
    generatePolicy: generatePolicyOf(entry),
    modeConfig,
  };
  const remoteCertificate = entry['remote-certificate'] || undefined;
  const { certificate } = entry;
  switch (entry['auth-method']) {
    case 'pre-shared-key':
      return { ...shared, authMethod: 'pre-shared-key', secret: entry.secret };
    case 'digital-signature':
      return {
        ...shared,
        authMethod: 'digital-signature',
        certificate,
        rsaPadding: entry['rsa-padding'],
        remoteCertificate,
        matchBy: entry['match-by'],
      };
    case 'eap':
      return {
        ...shared,
        authMethod: 'eap',
        eapMethods: entry['eap-methods'],
        username: entry.username,
        password: entry.password,
        ttlsInner: entry['ttls-inner'],
        outerIdentity: entry['outer-identity'],
        serverNames: entry['eap-server-name'],
        certificate,
        remoteCertificate,
      };
    case 'eap-local':
      return {
        ...shared,
        authMethod: 'eap-local',
        certificate,
        rsaPadding: entry['rsa-padding'],
        eapMethods: entry['eap-methods'],
      };
    case 'eap-radius':
      return { ...shared, authMethod: 'eap-radius', certificate, rsaPadding: entry['rsa-padding'] };
    default:
      return built(undefined as never, false);
  }
}

export const certificateOf = (entry: Entry<typeof certificateMenu>): CertificateEntry => ({
  name: entry.name,
  file: entry.file,
  keyFile: entry['key-file'] || undefined,
  crlFile: entry['crl-file'] || undefined,
  url: entry.url,
  trusted: entry.trusted,
  comment: entry.comment,
});

export const poolOf = (entry: Entry<typeof poolMenu>): Pool => ({
  name: entry.name,
  ranges: entry.ranges,
  next: entry['next-pool'],
});

export function modeConfigOf(
  entry: Entry<typeof modeConfigMenu>,
  lists: ReadonlyMap<string, readonly Prefix[]>,
  marks: ReadonlyMap<string, ConnectionMark>,
): ModeConfig {
  if (!entry.responder) {
    const list = entry['src-address-list'];
    const mark = entry['connection-mark'];
    return {
      role: 'initiator',
      name: entry.name,
      dns: entry['use-responder-dns'],
      resolvConf: entry['resolv-conf'],
      sources: list === undefined ? undefined : (lists.get(list) ?? []),
      mark: typeof mark === 'string' ? marks.get(mark) : mark,
    };
  }
  return {
    role: 'responder',
    name: entry.name,
    address: entry.address,
    pool: entry['address-pool'],
    prefixLength: entry['address-prefix-length'],
    splitInclude: entry['split-include'],
    splitDns: entry['split-dns'],
    dns: entry['system-dns'] ? 'system' : entry['static-dns'],
  };
}

function generatePolicyOf(entry: Entry<typeof identityMenu>): GeneratePolicy | undefined {
  const ports = entry['generate-policy'];
  if (ports === 'no') return undefined;
  const group = entry['policy-template-group'];
  return { ports, group, notrackChain: entry['notrack-chain'] };
}

export const userOf = (entry: Entry<typeof userMenu>): User => ({
  name: entry.name,
  password: entry.password,
  certificate: entry.certificate || undefined,
  address: entry.address,
});

/** The id is the place among all that are written, so that tables and file count alike. */
export const policyOf = (
  entry: Entry<typeof policyMenu>,
  place: number,
  proposal: Proposal,
): Policy => ({
  id: place,
  place,
  comment: entry.comment,
  action: entry.action,
  src: entry['src-address'],
  dst: entry['dst-address'],
  srcPort: entry['src-port'],
  dstPort: entry['dst-port'],
  protocol: entry.protocol,
  level: entry.level,
  tunnel: entry.tunnel,
  peer: entry.peer[0],
  backups: entry.peer.slice(1),
  protection: entry['ipsec-protocols'],
  proposal,
});
