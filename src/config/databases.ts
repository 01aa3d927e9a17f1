// From checked entries to the values the daemon runs on (src/policy/database.ts): references are
// resolved, disabled entries set aside.
import { formatAddress } from '../policy/address.js';
import type { CertificateEntry, Databases, Policy, Template } from '../policy/database.js';
import type { Prefix } from '../policy/address.js';
import type { NamedPeer } from '../policy/named-peers.js';
import { notStarted } from './later.js';
import type { Entry } from './menu.js';
import {
  certificateOf,
  forAh,
  identityOf,
  modeConfigOf,
  peerOf,
  policyOf,
  poolOf,
  profileOf,
  proposalOf,
  userOf,
} from './entry-values.js';
import type { policyMenu } from './menus.js';
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

/** What is enabled of a list that was read without problems. */
const inUse = <E extends { readonly disabled: boolean }>(
  list: readonly { readonly entry: E }[],
): E[] => list.map(({ entry }) => entry).filter((entry) => !entry.disabled);

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
      leaseFile: tun['lease-file'],
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
