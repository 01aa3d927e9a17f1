// What one property alone cannot show: names that are taken twice, references to nothing, values
// that do not go together. Rules of one menu that are many stand in files of their own.
import { formatPrefix } from '../policy/address.js';
import { formatPeerAddress } from './address-rules.js';
import { isAead } from './algorithms.js';
import { enabled, type Rule, readable } from './found.js';
import {
  credentialsAreComplete,
  identitiesAreDistinct,
  identitiesFitTheirPeer,
  methodsHaveWhatTheyNeed,
  subjectsHaveCertificates,
} from './identity-rules.js';
import { laterIsRefused } from './later.js';
import type { Entry } from './menu.js';
import type { policyMenu } from './menus.js';
import { modeConfigsFit, poolsEnd } from './mode-config-rules.js';
import { templatesFit } from './template-rules.js';
import { transportFits } from './transport-rules.js';
import { MAX_POLICIES } from '../policy/database.js';
import { type Problem, show } from './problem.js';
import { protocolName, WITH_PORTS } from './protocols.js';
import type { Configuration } from './read.js';
import { radiusServersFit } from './radius-rules.js';
import { namesAreUnique, referencesExist } from './references.js';

type Policy = Entry<typeof policyMenu>;

const RULES: readonly Rule[] = [
  namesAreUnique,
  referencesExist,
  peersAreDistinct,
  encapsulationFits,
  methodsHaveWhatTheyNeed,
  credentialsAreComplete,
  subjectsHaveCertificates,
  identitiesFitTheirPeer,
  identitiesAreDistinct,
  proposalsFit,
  policiesFit,
  templatesFit,
  transportFits,
  policiesAreDistinct,
  policiesHaveRoom,
  modeConfigsFit,
  poolsEnd,
  radiusServersFit,
  laterIsRefused,
];

export function checkRules(configuration: Configuration, problems: Problem[]): void {
  for (const rule of RULES) rule(configuration, problems);
}

/** RouterOS tells peers apart by address and exchange-mode; several of our own addresses may differ. */
function peersAreDistinct(c: Configuration, problems: Problem[]): void {
  const first = new Map<string, string>();
  for (const { path, entry } of enabled(c.peers, 'address', 'local-address', 'exchange-mode')) {
    const { family, value } = entry['local-address'] ?? {};
    const remote = typeof entry.address === 'string' ? family : entry.address.address.family;
    if (family !== undefined && family !== remote) {
      const expected = `an IPv${remote} address, as the peer's address is`;
      problems.push({ path: `${path}.local-address`, value: `IPv${family}`, expected });
    }
    const address = formatPeerAddress(entry.address);
    const key = `${address} ${value} ${entry['exchange-mode']}`;
    const other = first.get(key);
    if (other !== undefined) {
      const expected = `an address that no other peer of the same exchange-mode has; ${other} has it`;
      problems.push({ path: `${path}.address`, value: address, expected });
    } else first.set(key, path);
  }
}

/** UDP encapsulation is agreed by NAT detection (RFC 7296 §2.23). */
function encapsulationFits(c: Configuration, problems: Problem[]): void {
  const without = new Set(
    readable(c.profiles, 'name', 'nat-traversal')
      .filter(({ entry }) => !entry['nat-traversal'])
      .map(({ entry }) => entry.name),
  );
  for (const { path, entry } of enabled(c.peers, 'udp-encapsulation', 'profile')) {
    if (!entry['udp-encapsulation'] || !without.has(entry.profile)) continue;
    const expected = `no, as profile '${entry.profile}' says nat-traversal=no`;
    problems.push({ path: `${path}.udp-encapsulation`, value: 'yes', expected });
  }
}

/** RFC 7296 §3.3: AEAD goes without integrity; everything else must not (RFC 8221 §4). */
function proposalsFit(c: Configuration, problems: Problem[]): void {
  const both = readable(c.proposals, 'enc-algorithms', 'auth-algorithms');
  const usedForAh = proposalsForAh(c);
  for (const { path, written, entry } of both) {
    const plain = entry['enc-algorithms'].filter((name) => !isAead(name));
    const value = show(written['auth-algorithms']);
    const at = `${path}.auth-algorithms`;
    const integrity = entry['auth-algorithms'].filter((name) => name !== 'null');
    if (plain.length > 0 && entry['auth-algorithms'].includes('null')) {
      const expected = `no null: ${plain.join(', ')} would go without integrity`;
      problems.push({ path: at, value, expected });
    }
    const forAh = usedForAh.has(entry.name);
    if (forAh && integrity.length === 0) {
      const expected = 'an algorithm that is not null: a policy with ipsec-protocols=ah uses this';
      problems.push({ path: at, value, expected });
    }
    const given = written['auth-algorithms'] !== undefined && !forAh;
    if (plain.length === 0 && integrity.length > 0 && given) {
      const expected =
        'null or nothing: the AEAD algorithms of enc-algorithms have their own integrity';
      problems.push({ path: at, value, expected });
    }
  }
}

const proposalsForAh = ({ policies }: Configuration): ReadonlySet<string> =>
  new Set(
    policies
      .filter(({ entry }) => entry['ipsec-protocols'] === 'ah' && entry.disabled !== true)
      .map(({ entry }) => entry.proposal),
  );

/** What a policy says must be something that can be matched and carried out. */
function policiesFit(c: Configuration, problems: Problem[]): void {
  const disabled = c.proposals.filter(({ entry }) => entry.disabled);
  const off = new Set(disabled.map(({ entry }) => entry.name));
  for (const { path, entry: policy, unread } of c.policies) {
    const wrong = (property: keyof Policy, value: string, expected: string): void => {
      problems.push({ path: `${path}.${property}`, value, expected });
    };
    checkFamilies(policy, wrong);
    if (!unread.has('protocol')) checkPorts(policy, wrong);
    // A template is for any peer; its group is what identities name.
    const needsPeer = policy.action === 'encrypt' && !policy.template && !unread.has('peer');
    if (needsPeer && policy.peer.length === 0) {
      wrong('peer', 'nothing', 'the name of a peer: action=encrypt needs one');
    }
    if (policy.template === false && !unread.has('group') && policy.group !== 'default') {
      wrong('group', show(policy.group), 'default: only a template belongs to a group');
    }
    const negotiates = policy.disabled === false && policy.action === 'encrypt';
    if (negotiates && off.has(policy.proposal)) {
      wrong('proposal', show(policy.proposal), 'a proposal that is not disabled');
    }
  }
}

type Wrong = (property: keyof Policy, value: string, expected: string) => void;

function checkFamilies(policy: Policy, wrong: Wrong): void {
  const src: Policy['src-address'] | undefined = policy['src-address'];
  const dst: Policy['dst-address'] | undefined = policy['dst-address'];
  if (!src || !dst || src.address.family === dst.address.family) return;
  // RouterOS's own template is ::/0 to ::/0 and serves IPv4: there ::/0 is every network.
  if (policy.template && [src, dst].some((p) => formatPrefix(p) === '::/0')) return;
  wrong('dst-address', formatPrefix(dst), `an IPv${src.address.family} prefix, as src-address is`);
}

/** RFC 7296 §3.13.1: a selector has ports only with a protocol that has them. */
function checkPorts(policy: Policy, wrong: Wrong): void {
  for (const property of ['src-port', 'dst-port'] as const) {
    if (policy[property] === undefined || WITH_PORTS.includes(policy.protocol)) continue;
    const names = WITH_PORTS.map(protocolName).join(', ');
    const protocol = protocolName(policy.protocol);
    wrong(property, show(policy[property]), `any with protocol ${protocol}; ports need ${names}`);
  }
}

/** What a policy matches, as text. */
export const matchOf = (policy: Policy): string =>
  [
    formatPrefix(policy['src-address']),
    policy['src-port'] ?? 'any',
    formatPrefix(policy['dst-address']),
    policy['dst-port'] ?? 'any',
    policy.protocol,
  ].join(' ');

/** What the data plane's table takes, a template once for each family; made policies have their own. */
function policiesHaveRoom(c: Configuration, problems: Problem[]): void {
  const used = enabled(c.policies).flatMap((one) => (one.entry.template ? [one, one] : [one]));
  if (used.length <= MAX_POLICIES) return;
  const { path } = used[MAX_POLICIES]!;
  const expected = `at most ${MAX_POLICIES} policies that are enabled: the data plane has no more room`;
  problems.push({ path, value: `${used.length} policies`, expected });
}

/** RouterOS flags the second of two equal policies as invalid; here it is an error. */
function policiesAreDistinct(c: Configuration, problems: Problem[]): void {
  const first = new Map<string, string>();
  const match = ['src-address', 'src-port', 'dst-address', 'dst-port', 'protocol'];
  for (const { path, entry } of enabled(c.policies, ...match, 'template', 'group')) {
    const key = `${entry.template ? entry.group : ''} ${matchOf(entry)}`;
    const other = first.get(key);
    if (other !== undefined) {
      const value = `${formatPrefix(entry['src-address'])} → ${formatPrefix(entry['dst-address'])}`;
      const expected = `packets that no earlier policy matches; ${other} matches the same`;
      problems.push({ path, value, expected });
    } else first.set(key, path);
  }
}
