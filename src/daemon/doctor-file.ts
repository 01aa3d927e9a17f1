// What the configuration file says of a peer, for the doctor.
import { formatPeerAddress, isSingleHost } from '../config/address-rules.js';
import { isDisabled } from '../config/found.js';
import { notStarted } from '../config/later.js';
import type { Loaded } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import { type Configuration, readConfiguration } from '../config/read.js';
import { formatPrefix, type Prefix } from '../policy/address.js';
import { type CertificateFacts, certificateFacts } from './doctor-certificates.js';
import type { PolicyFacts } from './doctor-facts.js';

export interface FileFacts {
  readonly problems: readonly string[];
  readonly configured: 'yes' | 'no' | 'disabled';
  /** The names of all peers. */
  readonly others: string[];
  /** What keeps the peer from being started. */
  readonly waits: readonly string[];
  readonly identities: number;
  readonly written: readonly PolicyFacts[];
  readonly passive: boolean;
  /** As it is written. */
  readonly address: string;
  readonly target: Prefix | string | undefined;
  /** It is a network: its peers call us. */
  readonly prefix: boolean;
  readonly port: number;
  readonly profile: string;
  /** Where a policy of the peer holds packets to the peer itself. */
  readonly destinations: readonly Prefix[];
  readonly certificates: CertificateFacts;
  readonly tunMtu: number;
}

const NOTHING: Omit<FileFacts, 'problems' | 'configured' | 'others'> = {
  waits: [],
  identities: 0,
  written: [],
  passive: false,
  address: '',
  target: undefined,
  prefix: false,
  port: 500,
  profile: '',
  destinations: [],
  certificates: { used: 0, problems: [] },
  tunMtu: 0,
};

export function fileFacts(name: string, loaded: Loaded): FileFacts {
  if (!loaded.ok) {
    const problems = loaded.errors.map(formatProblem);
    return { ...NOTHING, problems, configured: 'no', others: [] };
  }
  const c = readConfiguration(loaded.file, []);
  const others = c.peers.map(({ entry }) => entry.name);
  const found = c.peers.find(({ entry }) => entry.name === name);
  if (!found) return { ...NOTHING, problems: [], configured: 'no', others };
  const { entry } = found;
  const { address } = entry;
  const policies = policiesOf(c, name);
  return {
    problems: [],
    configured: isDisabled(found) ? 'disabled' : 'yes',
    others,
    waits: (notStarted(c).get(name) ?? [])
      .filter(({ value }) => value !== 'no identity')
      .map(({ path, value, what }) => `${path} is ${value}: ${what} is not there yet`),
    identities: identitiesOf(c, name).length,
    written: policies.map(({ policy, number }) => ({
      number,
      networks: `${formatPrefix(policy.src)} to ${formatPrefix(policy.dst)}`,
      sas: 0,
    })),
    passive: entry.passive,
    address: formatPeerAddress(address).replace(isSingleHost(address) ? /\/\d+$/ : '', ''),
    target: address,
    prefix: !isSingleHost(address),
    port: entry.port,
    profile: entry.profile,
    destinations: policies.filter(({ policy }) => policy.tunnel).map(({ policy }) => policy.dst),
    certificates: certificateFacts(c, loaded.certificates, name),
    tunMtu: loaded.settings.tun.mtu,
  };
}

const identitiesOf = (c: Configuration, peer: string) =>
  c.identities.filter((one) => !isDisabled(one) && one.entry.peer === peer);

function policiesOf(c: Configuration, peer: string) {
  return c.policies.flatMap((one, number) => {
    const { entry } = one;
    if (isDisabled(one) || entry.template || entry.action !== 'encrypt') return [];
    if (!entry.peer.includes(peer)) return [];
    return [
      {
        number,
        policy: { src: entry['src-address'], dst: entry['dst-address'], tunnel: entry.tunnel },
      },
    ];
  });
}
