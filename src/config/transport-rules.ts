// What tunnel=no asks of a policy: transport mode protects what passes between the two ends of the
// peer's IKE SA and nothing else, so a policy with other addresses could never get an SA.
import {
  addressBits,
  formatAddress,
  formatPrefix,
  type Prefix,
  prefixRange,
} from '../policy/address.js';
import { formatPeerAddress } from './address-rules.js';
import { enabled, type Rule, readable } from './found.js';
import type { Entry } from './menu.js';
import type { peerMenu } from './menus.js';
import { show } from './problem.js';

type Peer = Entry<typeof peerMenu>;

/** A template is for any addresses: the policies made from it are checked by the negotiation. */
export const transportFits: Rule = ({ peers, policies }, problems) => {
  const known = new Map(
    readable(peers, 'name', 'address', 'local-address').map(({ entry }) => [entry.name, entry]),
  );
  for (const { path, entry: policy } of enabled(policies, 'src-address', 'dst-address', 'peer')) {
    if (policy.tunnel !== false || policy.action !== 'encrypt' || policy.template) continue;
    if (policy.peer.length > 1) {
      const expected = 'one peer: with tunnel=no dst-address is its address';
      problems.push({ path: `${path}.peer`, value: show(policy.peer.join(',')), expected });
      continue;
    }
    const peer = known.get(policy.peer[0] ?? '');
    if (!peer) continue;
    for (const [property, reason] of [
      ['src-address', ourEnd(policy['src-address'], peer)],
      ['dst-address', theirEnd(policy['dst-address'], peer)],
    ] as const) {
      if (reason === undefined) continue;
      const expected = `${reason}: tunnel=no protects the two hosts' own packets only`;
      problems.push({
        path: `${path}.${property}`,
        value: formatPrefix(policy[property]),
        expected,
      });
    }
  }
};

/** What is wrong with a source address; undefined: nothing. */
function ourEnd(source: Prefix, { 'local-address': local }: Peer): string | undefined {
  const isHost = source.bits === addressBits(source.address.family);
  if (!local) return isHost ? undefined : "this host's own address";
  const same = isHost && source.address.value === local.value;
  return same ? undefined : `the peer's local-address, ${formatAddress(local)}`;
}

/** A peer with a prefix for an address may be any of its hosts; a name may have any address. */
function theirEnd(destination: Prefix, { address }: Peer): string | undefined {
  if (typeof address === 'string') return undefined;
  const [part, whole] = [prefixRange(destination), prefixRange(address)];
  const inside = part.start >= whole.start && part.end <= whole.end;
  if (inside && destination.address.family === address.address.family) return undefined;
  return `the peer's address, ${formatPeerAddress(address)}`;
}
