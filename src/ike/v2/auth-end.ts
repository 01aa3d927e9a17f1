// How IKE_AUTH ends, whatever it took to know the peer: the IKE SA is up, and the first CHILD_SA with
// it or refused while the IKE SA stands (RFC 7296 §1.2, last paragraph).
import type { Nonces } from '../../crypto/keymat.js';
import type { Identity } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import { N, notifyName } from '../../wire/notifications.js';
import { becomeEstablished, childRefused, closeDouble, forgetOthers } from '../connection.js';
import { IkeError, NOTIFIED } from '../errors.js';
import { askNetworks } from '../networks.js';
import {
  type Exchange,
  errorNotification,
  notification,
  notify,
  optional,
  report,
} from '../exchange.js';
import { installChild } from '../parts/child.js';
import { acceptChild } from '../parts/child-answer.js';
import { describeOffer, refuseMode, takeChild } from '../parts/child-offer.js';
import { giveConfiguration } from '../parts/configuration.js';
import { takeConfiguration } from '../parts/configuration-request.js';
import { formatId } from '../parts/identification.js';
import { provedId } from '../parts/proved.js';
import { type ChildOffer, createChild, type State } from '../sa.js';
import { asksForChild, refuseForced } from './childless.js';
import { buildMobike, takeMobike } from './further-addresses.js';
import { followRedirect, redirection } from './redirect.js';
import { buildAuthLifetime, takeAuthLifetime, takeOver } from './reauthentication.js';
import { sendAnswer } from '../window.js';

export const NO_GROUPS: readonly undefined[] = []; // §1.2: no key exchange of its own

/** Who the peer has proved to be, and by which entry. */
export interface Known {
  readonly identity: Identity;
  readonly remoteId: string;
  readonly proved: string;
}

/**
 * Responder. `asked` holds the peer's offer: the message in work, or with EAP the first one; `proof` is
 * what of our answer comes before the child.
 */
export function letIn(
  exchange: Exchange,
  asked: Pick<Exchange, 'payloads'>,
  { identity, remoteId, proved }: Known,
  proof: readonly PlainPayload[],
): State {
  const { sa } = exchange;
  const { nonceInitiator: initiator, nonceResponder: responder } = sa.handshake!;
  const wanted = asksForChild({ sa, payloads: asked.payloads });
  Object.assign(sa, { identity, remoteId, proved });
  // Of one who may be another than it says the others' SAs are none of its business.
  const known = exchange.sa.authorisation?.userProved ?? true;
  if (known && notification(asked, N.INITIAL_CONTACT)) forgetOthers(exchange);
  becomeEstablished(exchange);
  takeMobike(exchange, asked);
  // RFC 6023: who asks for none gets none, and may ask under the IKE SA.
  const nonces = wanted ? { initiator, responder } : undefined;
  const child = firstChild({ ...exchange, ...asked }, nonces);
  const mobike = sa.mobike ? buildMobike(exchange) : [];
  sendAnswer(exchange, [...proof, ...child, ...mobike, ...buildAuthLifetime(exchange)]);
  closeDouble(exchange);
  return 'established';
}

/** Without nonces no child is wanted yet, but an address may be (RFC 6023 §3). */
function firstChild(asked: Exchange, nonces: Nonces | undefined): PlainPayload[] {
  let configuration: PlainPayload[] = [];
  try {
    configuration = giveConfiguration(asked);
    if (!nonces) return configuration;
    refuseForced(asked);
    const accepted = acceptChild(asked, () => NO_GROUPS);
    installChild(asked, accepted, { initiated: false, nonces });
    return [...configuration, ...accepted.payloads.sa, ...accepted.payloads.ts];
  } catch (error) {
    if (!(error instanceof IkeError) || error.row.fatal) throw error;
    report(asked, 'error', 'ike.child', `no CHILD_SA: ${error.message}; ${error.row.advice}`, {
      error: error.error,
    });
    return [...configuration, notify(error.row.notify!, error.data)];
  }
}

/** Initiator. The answer in work holds the first child, or why there is none. */
export async function enter(exchange: Exchange, idr: IdPayload): Promise<State> {
  const { sa } = exchange;
  const gateway = notification(exchange, N.REDIRECT) && (await redirection(exchange));
  const { nonceInitiator, nonceResponder, child, firstPolicy, packet } = sa.handshake!;
  Object.assign(sa, { remoteId: formatId(idr), proved: provedId(sa, idr) });
  sa.window.pending = undefined;
  takeMobike(exchange, exchange);
  becomeEstablished(exchange);
  if (gateway) {
    followRedirect(exchange, gateway, child?.policy ?? firstPolicy, packet);
    return 'established';
  }
  if (!takeConfiguration(exchange)) return 'established';
  if (!child) {
    // RFC 6023: now is the time for the first.
    if (firstPolicy) sa.tasks.unshift(createChild(firstPolicy, packet));
  } else if (!optional(exchange, 'SA')) {
    takeRefusal(exchange, child);
  } else if (refuseMode(exchange, child)) {
    childRefused(exchange, child.policy);
  } else {
    const nonces = { initiator: nonceInitiator, responder: nonceResponder };
    installChild(exchange, takeChild(exchange, child), { initiated: true, nonces });
    askNetworks(exchange);
  }
  takeAuthLifetime(exchange);
  takeOver(exchange, (child?.policy ?? firstPolicy)?.id);
  closeDouble(exchange);
  return 'established';
}

function takeRefusal(exchange: Exchange, child: ChildOffer): void {
  const error = errorNotification(exchange);
  const name = error ? notifyName(error.notifyType) : 'nothing';
  const advice = (error && NOTIFIED.get(error.notifyType)) ?? 'see the log of the peer';
  const offer = describeOffer(child);
  const text = `IKE SA is up, but the peer answers ${name} to ${offer}: ${advice}`;
  report(exchange, 'error', 'ike.child', text, { notify: name, policy: child.policy.id });
  childRefused(exchange, child.policy);
}
