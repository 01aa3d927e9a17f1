// From traffic selectors to policies: each pair of a local and a remote range of one family is a policy
// of its own, and a range that is no prefix gets the shortest prefix around it (the SA's selectors say
// the rest).
import { addressBits, type Prefix } from '../../policy/address.js';
import type { DynamicPolicy } from '../../policy/database.js';
import type { TrafficSelector } from '../../policy/selector.js';
import type { Side } from './selectors.js';

/** What one SA's record has room for; equals the contract's (test/config/capacity.test.ts). */
const MOST_PAIRS = 16;

type Pair = readonly [local: TrafficSelector, remote: TrafficSelector];

/** Pairs that one packet can match. */
const pairsOf = ({ local, remote }: Side): Pair[] =>
  local.flatMap((one) =>
    remote
      .filter(
        (other) =>
          other.family === one.family &&
          (other.protocol === one.protocol || other.protocol === 0 || one.protocol === 0),
      )
      .map((other): Pair => [one, other]),
  );

/** Fewer selectors, the last ones left out, so that an SA has room for their pairs. */
export function withRoom({ local, remote }: Side): Side {
  const side = { local: [...local], remote: [...remote] };
  while (side.local.length * side.remote.length > MOST_PAIRS) {
    (side.local.length > side.remote.length ? side.local : side.remote).pop();
  }
  return side;
}

/** The networks and ports of every policy that an owner stands for; the first is its own. */
export const piecesOf = (side: Side) =>
  pairsOf(side).map(([local, remote]) => ({
    src: prefixAround(local),
    dst: prefixAround(remote),
    protocol: local.protocol || remote.protocol,
    srcPort: onePort(local),
    dstPort: onePort(remote),
  }));

/** An owner and the policies made with it, under the ids behind its own; of each family's template. */
export function partsOf(owner: DynamicPolicy): DynamicPolicy[] {
  const [first, second = first] = owner.templates;
  const family = owner.src.address.family;
  return piecesOf(owner.served).map((piece, index) => ({
    ...owner,
    ...piece,
    id: owner.id + index,
    template: (piece.src.address.family === family ? first : second) ?? owner.template,
  }));
}

function prefixAround({ family, start, end }: TrafficSelector): Prefix {
  const all = addressBits(family);
  const free = (start ^ end).toString(2).length * (start === end ? 0 : 1);
  const host = BigInt(free);
  return { address: { family, value: (start >> host) << host }, bits: all - free };
}

/** A policy names one port or all of them; OPAQUE (RFC 7296 §3.13.1: from 65535 to 0) is no port. */
const onePort = ({ startPort, endPort }: TrafficSelector): number | undefined =>
  startPort === endPort ? startPort : undefined;
