// MOBIKE: what addresses each side has beside the one in use (RFC 4555 §3.2, §3.6).
import { type Address, formatAddress, sameAddress, toBytes } from '../../policy/address.js';
import type { PlainPayload } from '../../wire/chain.js';
import { N } from '../../wire/notifications.js';
import { INFORMATIONAL } from '../../wire/numbers.js';
import { type Exchange, notification, notify, report, type Work } from '../exchange.js';
import type { State, Task } from '../sa.js';
import { sendAnswer, sendRequest } from '../window.js';
import { wantUpdate } from './relocation.js';

type TaskOf<K extends Task['kind']> = Extract<Task, { kind: K }>;
/** Our own choice: a host of a thousand addresses would make a message that its peer refuses. */
const MOST_TOLD = 16;

/** What either side says beside its half of the first child. */
export function buildMobike({ world, sa }: Work): PlainPayload[] {
  if (!sa.peer.mobike) return [];
  return [notify(N.MOBIKE_SUPPORTED), ...further(world.addresses, sa.local.address)];
}

/** Both have said so. */
export function takeMobike(exchange: Exchange, said: Pick<Exchange, 'payloads'>): void {
  const { sa } = exchange;
  sa.mobike = sa.peer.mobike && notification(said, N.MOBIKE_SUPPORTED) !== undefined;
}

/** Our other addresses, for a peer that can choose among them (§3.2, §3.6). */
function further(addresses: readonly Address[], used: Address): PlainPayload[] {
  const others = addresses.filter((address) => !sameAddress(address, used));
  return others
    .slice(0, MOST_TOLD)
    .map((address) =>
      notify(
        address.family === 4 ? N.ADDITIONAL_IP4_ADDRESS : N.ADDITIONAL_IP6_ADDRESS,
        toBytes(address),
      ),
    );
}

/** HDR, SK {N(ADDITIONAL_…) | N(NO_ADDITIONAL_ADDRESSES)} -->: a responder only tells (§3.6). */
export function startTell(work: Work, task: TaskOf<'tell-addresses'>): boolean {
  const { world, sa } = work;
  const others = further(world.addresses, sa.local.address);
  const payloads = others.length > 0 ? others : [notify(N.NO_ADDITIONAL_ADDRESSES)];
  sendRequest(work, INFORMATIONAL, payloads, task);
  return true;
}

/** HDR, SK {N(ADDITIONAL_…)} -->: the responder is somewhere else; an initiator goes after it (§3.6). */
export function answerAddresses(exchange: Exchange): State {
  const { sa, datagram } = exchange;
  sendAnswer(exchange, []);
  if (!sa.mobike || sa.side === 'responder') return sa.state;
  if (sameAddress(datagram.remote.address, sa.remote.address)) return sa.state;
  const where = formatAddress(datagram.remote.address);
  report(exchange, 'info', 'ike.mobike', `peer is at ${where} now: following it`);
  // Its answer to our update shows that it is there: then ESP follows.
  sa.remote = datagram.remote;
  wantUpdate(sa);
  return sa.state;
}
