// From checked entries to the values the daemon runs on (src/policy/database.ts): references are
// resolved, disabled entries set aside.
import { ikeNamesWith } from '../algorithms/clients.js';
import { formatAddress } from '../policy/address.js';
import type {
  CertificateEntry,
  ConnectionMark,
  Databases,
  GeneratePolicy,
  Identity,
  ModeConfig,
  Peer,
  Policy,
  Pool,
  Profile,
  Proposal,
  Template,
  User,
} from '../policy/database.js';
import type { Prefix } from '../policy/address.js';
import { isAead } from './algorithms.js';
import type { NamedPeer } from '../policy/named-peers.js';
import { notStarted } from './later.js';
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
import type { Configuration } from './read.js';
import { radiusOf } from './radius-settings.js';
import type { Settings } from './settings.js';

export interface Built {
  readonly databases: Databases;
  /** Peers that come to the databases when their names are resolved; their identities are there. */
  readonly named: readonly NamedPeer[];
  /** For the tables only: policies that are written and not in use. */
  readonly disabledPolicies: readonly Policy[];
  /** For the tables only, too: enabled and disabled ones. */
  readonly templates: readonly Policy[];
  readonly settings: Settings;
  /** Files; load.ts makes their paths absolute. */
  readonly certificates: readonly CertificateEntry[];
  /** As it was written, for print and export. */
  readonly file: Readonly<Record<string, unknown>>;
}

/** Call it only on a configuration without problems. */
export function buildDatabases(c: Configuration, file: Built['file']): Built {
  const profiles = new Map(c.profiles.map(({ entry }) => [entry.name, profileOf(entry)]));
  const proposals = new Map(c.proposals.map(({ entry }) => [entry.name, proposalOf(entry)]));
  const proposalsForAh = new Map(c.proposals.map(({ entry }) => [entry.name, forAh(entry)]));
  const lists = new Map<string, Prefix[]>();
  for (const { list, address } of inUse(c.addressLists)) {
    lists.set(list, [...(lists.get(list) ?? []), address]);
  }
  const marks = new Map(c.connectionMarks.map(({ entry }) => [entry.name, entry.mark]));
  const configs = new Map(
    c.modeConfigs.map(({ entry }) => [entry.name, modeConfigOf(entry, lists, marks)]),
  );
  const policies = c.policies.map(({ entry }, place) => ({
    disabled: entry.disabled,
    template: entry.template,
    policy: policyOf(entry, place, (isAh(entry) ? proposalsForAh : proposals).get(entry.proposal)!),
  }));
  const only = (test: (one: (typeof policies)[number]) => boolean): Policy[] =>
    policies.filter(test).map(({ policy }) => policy);
  // Their policies stay, and drop what they match: what should be protected does not go in the clear.
  const waiting = notStarted(c);
  const peers = inUse(c.peers).filter(({ name }) => !waiting.has(name));
  const started = new Set(peers.map(({ name }) => name));
  return {
    databases: {
      peers: peers.flatMap(({ address, ...entry }) =>
        typeof address === 'string' ? [] : [peerOf(entry, address, profiles.get(entry.profile)!)],
      ),
      identities: inUse(c.identities)
        .filter(({ peer }) => started.has(peer))
        .map((entry) => identityOf(entry, configs.get(entry['mode-config'] ?? ''))),
      users: inUse(c.users).map(userOf),
      policies: only(({ disabled, template }) => !disabled && !template),
      pools: c.pools.map(({ entry }) => poolOf(entry)),
      templates: c.policies.flatMap(({ entry }, place): Template[] => {
        if (entry.disabled || !entry.template) return [];
        return [{ ...policies[place]!.policy, group: entry.group }];
      }),
    },
    named: peers.flatMap(({ address, ...entry }) =>
      typeof address === 'string' ? [peerOf(entry, address, profiles.get(entry.profile)!)] : [],
    ),
    disabledPolicies: only(({ disabled }) => disabled),
    templates: only(({ template }) => template),
    settings: settingsOf(c),
    certificates: c.certificates.map(({ entry }) => certificateOf(entry)),
    file,
  };
}

const isAh = (policy: Entry<typeof policyMenu>): boolean => policy['ipsec-protocols'] !== 'esp';

/** For AH the integrity algorithms count, whatever the encryption algorithms need. */
const forAh = (entry: Entry<typeof proposalMenu>): Proposal => ({
  ...proposalOf(entry),
  authAlgorithms: entry['auth-algorithms'],
});

/** What is enabled of a list that was read without problems. */
const inUse = <E extends { readonly disabled: boolean }>(
  list: readonly { readonly entry: E }[],
): E[] => list.map(({ entry }) => entry).filter((entry) => !entry.disabled);

// The properties are listed one by one: a new one that nobody carries over fails to compile.
const profileOf = (entry: Entry<typeof profileMenu>): Profile => ({
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
const proposalOf = (entry: Entry<typeof proposalMenu>): Proposal => ({
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

const peerOf = <A extends Prefix | string>(
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

function identityOf(entry: Entry<typeof identityMenu>, modeConfig?: ModeConfig): Identity {
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

const certificateOf = (entry: Entry<typeof certificateMenu>): CertificateEntry => ({
  name: entry.name,
  file: entry.file,
  keyFile: entry['key-file'] || undefined,
  crlFile: entry['crl-file'] || undefined,
  url: entry.url,
  trusted: entry.trusted,
  comment: entry.comment,
});

const poolOf = (entry: Entry<typeof poolMenu>): Pool => ({
  name: entry.name,
  ranges: entry.ranges,
  next: entry['next-pool'],
});

function modeConfigOf(
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

const userOf = (entry: Entry<typeof userMenu>): User => ({
  name: entry.name,
  password: entry.password,
  certificate: entry.certificate || undefined,
  address: entry.address,
});

/** The id is the place among all that are written, so that tables and file count alike. */
const policyOf = (entry: Entry<typeof policyMenu>, place: number, proposal: Proposal): Policy => ({
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

function settingsOf(c: Configuration): Settings {
  const tun = c.tun.entry;
  return {
    tun: {
      name: tun.name,
      mtu: tun.mtu,
      workers: tun.workers,
      table: tun.table,
      rulePriority: tun['rule-priority'],
      failClosed: tun['fail-closed'],
      refusePlain: tun['refuse-plain'],
      leaseFile: tun['lease-file'] ?? `/var/lib/culvert/${tun.name}.leases`,
      mssClamp: tun['mss-clamp'],
      mtuProbe: tun['mtu-probe'],
      offload: tun.offload,
    },
    log: c.log.entry,
    revocation: c.settings.entry['certificate-revocation'],
    hashAndUrl: c.settings.entry['hash-and-url'],
    recheck: c.settings.entry['certificate-recheck'],
    metrics: {
      address: c.metrics.entry.address && formatAddress(c.metrics.entry.address),
      port: c.metrics.entry.port,
    },
    cookieThreshold: c.settings.entry['ddos-cookie-threshold'],
    radius: radiusOf(c),
  };
}
