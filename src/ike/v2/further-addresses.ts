// MOBIKE: what addresses each side has beside the one in use (RFC 4555 §3.2, §3.6).
import {
  type Address,
  addressFromBytes,
  formatAddress,
  sameAddress,
  toBytes,
} from '../../policy/address.js';
import type { PlainPayload } from '../../wire/chain.js';
import { N } from '../../wire/notifications.js';
import { INFORMATIONAL } from '../../wire/numbers.js';
import { type Exchange, notification, notify, report, type Work } from '../exchange.js';
import type { IkeSa, State, Task } from '../sa.js';
import { sendAnswer, sendRequest } from '../window.js';
import { relocate, wantUpdate } from './relocation.js';

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
  if (sa.mobike && sa.caller) sa.elsewhere = told(said);
}

/** What a message says of its sender's other addresses; no more than we would say ourselves. */
function told({ payloads }: Pick<Exchange, 'payloads'>): Address[] {
  return payloads
    .flatMap((payload) => {
      if (payload.type !== 'Notify') return [];
      const { notifyType, data } = payload;
      const bytes = BYTES.get(notifyType);
      return bytes === data.length ? [addressFromBytes(data)] : [];
    })
    .slice(0, MOST_TOLD);
}

const BYTES: ReadonlyMap<number, number> = new Map([
  [N.ADDITIONAL_IP4_ADDRESS, 4],
  [N.ADDITIONAL_IP6_ADDRESS, 16],
]);

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

/** `all` are our addresses now; `others`: those that peers outside may use are not what they were. */
export function followAddresses(work: Work, all: readonly Address[], others: boolean): void {
  const { caller, local, remote, peer } = work.sa;
  const ours = (address: Address): boolean => all.some((one) => sameAddress(one, address));
  // Who was called stays where it was called as long as that is there.
  if (!caller && ours(local.address)) {
    if (others) tellAddresses(work.sa);
    return;
  }
  const wanted = peer.localAddress ?? work.world.context.localAddressFor(remote.address);
  if (wanted && ours(wanted)) relocate(work, wanted, !ours(local.address));
}

/** §3.6: others have come or gone, the one in use is the same. */
function tellAddresses(sa: IkeSa): void {
  if (sa.state !== 'established' || !sa.mobike) return;
  if (!sa.tasks.some(({ kind }) => kind === 'tell-addresses')) {
    sa.tasks.push({ kind: 'tell-addresses' });
  }
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
  if (!sa.mobike || !sa.caller) return sa.state;
  // §3.6: what was told before counts no more.
  sa.elsewhere = told(exchange);
  if (sameAddress(datagram.remote.address, sa.remote.address)) return sa.state;
  const where = formatAddress(datagram.remote.address);
  report(exchange, 'info', 'ike.mobike', `peer is at ${where} now: following it`);
  // Its answer to our update shows that it is there: then ESP follows.
  sa.remote = datagram.remote;
  wantUpdate(sa);
  return sa.state;
}
