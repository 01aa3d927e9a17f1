// What one property alone cannot show: names that are taken twice, references to nothing, values
// that do not go together. A rule passes over an entry whose properties it needs could not be read,
// so that each error is named once, and all of them at once.
import { addressBits, formatPrefix } from '../policy/address.js';
import { isAead } from './algorithms.js';
import type { Entry, Menu } from './menu.js';
import type { peerMenu, policyMenu } from './menus.js';
import { type Problem, show, suggestion } from './problem.js';
import { protocolName, WITH_PORTS } from './protocols.js';
import type { Configuration, Found } from './read.js';

type Rule = (configuration: Configuration, problems: Problem[]) => void;
type Peer = Entry<typeof peerMenu>;
type Policy = Entry<typeof policyMenu>;

const RULES: readonly Rule[] = [
  namesAreUnique,
  referencesExist,
  peersAreDistinct,
  identitiesHaveSecrets,
  identitiesAreDistinct,
  peersHaveIdentities,
  proposalsFit,
  policiesFit,
  policiesAreDistinct,
];

export function checkRules(configuration: Configuration, problems: Problem[]): void {
  for (const rule of RULES) rule(configuration, problems);
}

/** Entries of which these properties could be read. */
const readable = <M extends Menu, F extends Found<M>>(
  found: readonly F[],
  ...properties: readonly string[]
): F[] => found.filter(({ unread }) => properties.every((name) => !unread.has(name)));

/** The same, without the disabled ones. */
const enabled = <F extends Found<Menu>>(found: readonly F[], ...properties: string[]): F[] =>
  readable(found, 'disabled', ...properties).filter(
    ({ entry }) => (entry as { disabled?: boolean }).disabled !== true,
  );

const namesOf = (found: readonly Found<Menu>[]): string[] =>
  found.map(({ written }) => written.name).filter((name) => typeof name === 'string');

/** By what is written, so that an entry with another fault still holds its name. */
function namesAreUnique(c: Configuration, problems: Problem[]): void {
  for (const [menu, list] of [
    ['peer', c.peers],
    ['profile', c.profiles],
    ['proposal', c.proposals],
  ] as const) {
    const first = new Map<unknown, string>();
    for (const { path, written } of list) {
      const other = first.get(written.name);
      if (other !== undefined && typeof written.name === 'string') {
        const expected = `a name that no other ${menu} has; ${other} has it`;
        problems.push({ path: `${path}.name`, value: show(written.name), expected });
      } else first.set(written.name, path);
    }
  }
}

/** A reference to an entry with a fault of its own is no dangling one. */
function referencesExist(c: Configuration, problems: Problem[]): void {
  for (const [from, property, menu, to] of [
    [c.identities, 'peer', 'peer', c.peers],
    [c.peers, 'profile', 'profile', c.profiles],
    [c.policies, 'peer', 'peer', c.peers],
    [c.policies, 'proposal', 'proposal', c.proposals],
  ] as const) {
    const names = namesOf(to);
    for (const { path, written } of from) {
      const name = written[property];
      if (typeof name !== 'string' || name === '' || names.includes(name)) continue;
      const known = names.length > 0 ? names.join(', ') : 'there is none';
      const expected = `the name of a ${menu}: ${known}${suggestion(name, names)}`;
      problems.push({ path: `${path}.${property}`, value: show(name), expected });
    }
  }
}

/** RouterOS tells peers apart by address and exchange-mode; several of our own addresses may differ. */
function peersAreDistinct(c: Configuration, problems: Problem[]): void {
  const first = new Map<string, string>();
  for (const { path, entry } of enabled(c.peers, 'address', 'local-address', 'exchange-mode')) {
    const { family, value } = entry['local-address'] ?? {};
    if (family !== undefined && family !== entry.address.address.family) {
      const expected = `an IPv${entry.address.address.family} address, as the peer's address is`;
      problems.push({ path: `${path}.local-address`, value: `IPv${family}`, expected });
    }
    const key = `${formatPrefix(entry.address)} ${value} ${entry['exchange-mode']}`;
    const other = first.get(key);
    if (other !== undefined) {
      const expected = `an address that no other peer of the same exchange-mode has; ${other} has it`;
      problems.push({ path: `${path}.address`, value: formatPrefix(entry.address), expected });
    } else first.set(key, path);
  }
}

/** Also of a disabled identity: enabling it must not break a running configuration. */
function identitiesHaveSecrets(c: Configuration, problems: Problem[]): void {
  for (const { path, entry } of readable(c.identities, 'secret')) {
    if (entry.secret.length === 0) {
      const expected = 'a secret: auth-method=pre-shared-key needs one';
      problems.push({ path: `${path}.secret`, value: 'nothing', expected });
    }
  }
}

/** Two identities of one peer must be told apart by what the peer says it is. */
function identitiesAreDistinct(c: Configuration, problems: Problem[]): void {
  const first = new Map<string, string>();
  for (const { path, entry, written } of enabled(c.identities, 'peer', 'remote-id')) {
    const remote = written['remote-id'] ?? 'auto';
    const key = `${entry.peer} ${remote}`;
    const other = first.get(key);
    if (other !== undefined) {
      const expected = `a remote-id that no other identity of the peer has; ${other} has it`;
      problems.push({ path: `${path}.remote-id`, value: show(remote), expected });
    } else first.set(key, path);
  }
}

/** Without one no exchange with the peer can ever succeed. */
function peersHaveIdentities(c: Configuration, problems: Problem[]): void {
  // A disabled identity is no identity; a broken one has its own error already.
  const served = c.identities
    .filter(({ entry }) => entry.disabled !== true)
    .map(({ written }) => written.peer);
  for (const { path, entry } of enabled(c.peers, 'name')) {
    if (served.includes(entry.name)) continue;
    const expected = `an entry in the menu identity with "peer": ${show(entry.name)}`;
    problems.push({ path, value: 'no identity', expected });
  }
}

/** RFC 7296 §3.3: AEAD goes without integrity; everything else must not (RFC 8221 §4). */
function proposalsFit(c: Configuration, problems: Problem[]): void {
  const both = readable(c.proposals, 'enc-algorithms', 'auth-algorithms');
  for (const { path, written, entry } of both) {
    const plain = entry['enc-algorithms'].filter((name) => !isAead(name));
    const value = show(written['auth-algorithms']);
    const at = `${path}.auth-algorithms`;
    const integrity = entry['auth-algorithms'].filter((name) => name !== 'null');
    if (plain.length > 0 && entry['auth-algorithms'].includes('null')) {
      const expected = `no null: ${plain.join(', ')} would go without integrity`;
      problems.push({ path: at, value, expected });
    }
    if (plain.length === 0 && integrity.length > 0 && written['auth-algorithms'] !== undefined) {
      const expected =
        'null or nothing: the AEAD algorithms of enc-algorithms have their own integrity';
      problems.push({ path: at, value, expected });
    }
  }
}

/** What a policy says must be something that can be matched and carried out. */
function policiesFit(c: Configuration, problems: Problem[]): void {
  const off = c.proposals.filter(({ entry }) => entry.disabled).map(({ entry }) => entry.name);
  for (const { path, entry: policy, unread } of c.policies) {
    const wrong = (property: keyof Policy, value: string, expected: string): void => {
      problems.push({ path: `${path}.${property}`, value, expected });
    };
    checkFamilies(policy, wrong);
    if (!unread.has('protocol')) checkPorts(policy, wrong);
    if (policy.action === 'encrypt' && policy.peer === undefined && !unread.has('peer')) {
      wrong('peer', 'nothing', 'the name of a peer: action=encrypt needs one');
    }
    if (policy.tunnel === false) {
      wrong('tunnel', 'no', 'yes: transport mode is not there yet (no is the default of RouterOS)');
    }
    if (policy.disabled === false && off.includes(policy.proposal)) {
      wrong('proposal', show(policy.proposal), 'a proposal that is not disabled');
    }
  }
}

type Wrong = (property: keyof Policy, value: string, expected: string) => void;

function checkFamilies(policy: Policy, wrong: Wrong): void {
  const src: Policy['src-address'] | undefined = policy['src-address'];
  const dst: Policy['dst-address'] | undefined = policy['dst-address'];
  if (!src || !dst || src.address.family === dst.address.family) return;
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

/** RouterOS flags the second of two equal policies as invalid; here it is an error. */
function policiesAreDistinct(c: Configuration, problems: Problem[]): void {
  const first = new Map<string, string>();
  const match = ['src-address', 'src-port', 'dst-address', 'dst-port', 'protocol'];
  for (const { path, entry } of enabled(c.policies, ...match)) {
    const key = matchOf(entry);
    const other = first.get(key);
    if (other !== undefined) {
      const value = `${formatPrefix(entry['src-address'])} → ${formatPrefix(entry['dst-address'])}`;
      const expected = `packets that no earlier policy matches; ${other} matches the same`;
      problems.push({ path, value, expected });
    } else first.set(key, path);
  }
}

/** Whether a peer is one host, which can be called. */
export const isHost = (peer: Peer): boolean =>
  peer.address.bits === addressBits(peer.address.address.family);
