// MOBIKE: the peer does not answer where it is, and may be reached at another of the addresses it has told
// (RFC 4555 §1.3: multihoming). The request that waits goes to each in turn, the same message again; the
// first answer shows a path that works, and then the peer is told to use it, and the children follow.
import { type Address, formatAddress, sameAddress } from '../../policy/address.js';
import { report, type Work } from '../exchange.js';
import { moveToNatPort } from '../parts/nat.js';
import type { IkeSa, Pending } from '../sa.js';
import { sendAnew } from '../window.js';
import { wantUpdate } from './relocation.js';

/** False: there is no other place, or all have been tried. */
export function tryElsewhere(work: Work, pending: Pending): boolean {
  const { sa } = work;
  if (!sa.mobike || !sa.caller || sa.state !== 'established') return false;
  pending.untried ??= inOrder(sa);
  for (;;) {
    const next = pending.untried.shift();
    if (next === undefined) return false;
    const local = localFor(work, next);
    if (local === undefined || sameAddress(next, sa.remote.address)) continue;
    goTo(work, local, next);
    sendAnew(work, pending);
    return true;
  }
}

/** A gateway tells its inner addresses, too: what lies behind the tunnel comes after the others. */
function inOrder({ elsewhere, children }: IkeSa): Address[] {
  const behind = [...children.values()].flatMap(({ sa }) => sa.remoteSelectors);
  const isBehind = ({ family, value }: Address): boolean =>
    behind.some((one) => one.family === family && one.start <= value && value <= one.end);
  return [
    ...elsewhere.filter((address) => !isBehind(address)),
    ...elsewhere.filter((address) => isBehind(address)),
  ];
}

/** Our end of a path there; undefined: there is none. */
function localFor({ world, sa }: Work, remote: Address): Address | undefined {
  const { localAddress } = sa.peer;
  if (localAddress) return localAddress.family === remote.family ? localAddress : undefined;
  return world.context.localAddressFor(remote);
}

/** The IKE SA alone: the children stay where they are until the peer has answered from there. */
function goTo(work: Work, local: Address, remote: Address): void {
  const { sa } = work;
  const before = sa.remote.address;
  const [from, to] = [formatAddress(before), formatAddress(remote)];
  report(work, 'warning', 'ike.mobike', `peer does not answer at ${from}: trying ${to}`);
  sa.elsewhere = [before, ...sa.elsewhere.filter((one) => !sameAddress(one, remote))];
  sa.local = { ...sa.local, address: local };
  sa.remote = { ...sa.remote, address: remote };
  if (sa.peer.profile.natTraversal) moveToNatPort(sa);
  // Whatever comes after this answer comes after that.
  wantUpdate(sa);
}
