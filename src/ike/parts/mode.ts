// Tunnel or transport mode of a CHILD_SA (RFC 7296 §1.3.1), and the addresses of transport mode behind
// a NAT (§2.23.1). The policy decides: who asks for transport mode by USE_TRANSPORT_MODE may be
// answered tunnel mode, and then closes what was made; who asks for tunnel mode gets no other.
import type { Address } from '../../policy/address.js';
import type { Policy } from '../../policy/database.js';
import { intersect, type TrafficSelector } from '../../policy/selector.js';
import type { PlainPayload } from '../../wire/chain.js';
import { N } from '../../wire/notifications.js';
import { type Exchange, notification, notify } from '../exchange.js';
import { encapsulates, type IkeSa } from '../sa.js';
import { policySelectors, type Side } from './selectors.js';

export type Mode = 'tunnel' | 'transport';

export const modeOf = ({ tunnel }: Policy): Mode => (tunnel ? 'tunnel' : 'transport');

/** What an exchange says about the mode, in a request as in an answer. */
export const buildMode = (mode: Mode): PlainPayload[] =>
  mode === 'transport' ? [notify(N.USE_TRANSPORT_MODE)] : [];

export const asksForTransport = (exchange: Exchange): boolean =>
  notification(exchange, N.USE_TRANSPORT_MODE) !== undefined;

/** The two ends of the IKE SA, which are the only ones that transport mode serves. */
type Ends = { readonly local: Address; readonly remote: Address };

const endsOf = ({ local, remote }: IkeSa): Ends => ({
  local: local.address,
  remote: remote.address,
});

/** What a policy lets an SA of this peer carry; undefined where transport mode cannot serve it. */
export function allowedBy(sa: IkeSa, policy: Policy): Side | undefined {
  const whole = policySelectors(policy);
  return policy.tunnel ? whole : betweenEnds(sa, whole);
}

/** Transport mode serves what of it passes between the two ends. */
export function betweenEnds(sa: IkeSa, whole: Side): Side | undefined {
  const ends = endsOf(sa);
  const local = whole.local.flatMap((one) => intersect(one, hostSelector(ends.local)) ?? []);
  const remote = whole.remote.flatMap((one) => intersect(one, hostSelector(ends.remote)) ?? []);
  return local.length > 0 && remote.length > 0 ? { local, remote } : undefined;
}

const hostSelector = ({ family, value }: Address): TrafficSelector => ({
  family,
  protocol: 0,
  start: value,
  end: value,
  startPort: 0,
  endPort: 65535,
});

/**
 * §2.23.1: behind a NAT a peer names addresses as it sees them, and of those only ports and protocol
 * mean anything here: the addresses become the IKE SA's own.
 */
export function substituted(sa: IkeSa, { local, remote }: Side): Side {
  const ends = endsOf(sa);
  return {
    local: sa.natLocal ? local.map((one) => at(ends.local, one)) : local,
    remote: sa.natRemote ? remote.map((one) => at(ends.remote, one)) : remote,
  };
}

/** Only a single address stands for an end; a range stays and finds no policy. */
function at({ family, value }: Address, selector: TrafficSelector): TrafficSelector {
  const single = selector.start === selector.end && selector.family === family;
  return single ? { ...selector, start: value, end: value } : selector;
}

/** The ends as the peer sees them, for TCP and UDP checksums; undefined: as we do. */
export function originalEnds(sa: IkeSa, { local, remote }: Side): Ends | undefined {
  const [ours, theirs] = [local[0], remote[0]];
  if (!encapsulates(sa) || !ours || !theirs) return undefined;
  if (ours.start !== ours.end || theirs.start !== theirs.end) return undefined;
  return {
    local: { family: ours.family, value: ours.start },
    remote: { family: theirs.family, value: theirs.start },
  };
}
