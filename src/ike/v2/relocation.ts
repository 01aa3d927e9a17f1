// MOBIKE, our side: our address has changed, and the peer is told (RFC 4555 §3.5). Its answer says where
// it sees us, and the children follow.
import { type Address, formatAddress, sameAddress } from '../../policy/address.js';
import { N, notifyName } from '../../wire/notifications.js';
import { INFORMATIONAL } from '../../wire/numbers.js';
import { scheduleReconnect } from '../connection.js';
import {
  type Exchange,
  errorNotification,
  notification,
  notify,
  report,
  type Work,
} from '../exchange.js';
import { buildNat, moveToNatPort, processNat, saysWhereItIs } from '../parts/nat.js';
import { encapsulates, type IkeSa, type State, type Task } from '../sa.js';
import { sameEndpoint } from '../step.js';
import { closeChildren } from '../timers.js';
import { sameBytes, sendRequest } from '../window.js';

type TaskOf<K extends Task['kind']> = Extract<Task, { kind: K }>;

/** `local` is where the route to the peer begins now; `gone`: the address used so far is not ours. */
export function relocate(work: Work, local: Address, gone: boolean): void {
  const { world, sa } = work;
  if (sameAddress(local, sa.local.address)) return;
  const now = formatAddress(local);
  if (sa.state !== 'established' || !sa.mobike) {
    if (!gone || sa.state === 'deleting') return;
    const text = `our address ${formatAddress(sa.local.address)} is gone: calling again from ${now}`;
    report(work, 'warning', 'ike.mobike', text);
    scheduleReconnect(work);
    sa.tasks.unshift({ kind: 'delete-ike', reason: 'its local address is gone' });
    sa.local = { ...sa.local, address: local };
    return;
  }
  report(work, 'info', 'ike.mobike', `our address is ${now} now: telling the peer`);
  sa.local = { ...sa.local, address: local };
  // What waits for its answer goes out from the new place at once (§3.5).
  if (sa.window.pending) sa.window.pending.nextAt = world.context.now();
  if (!sa.caller) {
    moveChildren(work);
    sa.tasks.unshift({ kind: 'tell-addresses' });
    return;
  }
  if (sa.peer.profile.natTraversal) moveToNatPort(sa);
  moveChildren(work);
  wantUpdate(sa);
}

export function wantUpdate(sa: IkeSa): void {
  if (!sa.tasks.some(({ kind }) => kind === 'update-addresses')) {
    sa.tasks.unshift({ kind: 'update-addresses' });
  }
}

/** The children's outer addresses are the IKE SA's from here on. */
export function moveChildren(work: Work): void {
  const { sa, step } = work;
  const { local, remote } = sa;
  const all = [...sa.children.values()];
  // §1.3: what transport mode carries are these very addresses; traffic asks for it anew.
  closeChildren(
    work,
    all.filter((child) => child.sa.mode === 'transport'),
  );
  for (const child of sa.children.values()) {
    const udpEncapsulation = encapsulates(sa) && child.sa.protocol === 'esp';
    child.sa = { ...child.sa, local, remote, udpEncapsulation };
    step.move.push({ id: child.sa.id, local, remote, udpEncapsulation });
  }
}

/** HDR, SK {N(UPDATE_SA_ADDRESSES), N(NAT_DETECTION_…), …} --> */
export function startUpdate(work: Work): boolean {
  const { local, remote } = work.sa;
  const payloads = [notify(N.UPDATE_SA_ADDRESSES), ...buildNat(work)];
  sendRequest(work, INFORMATIONAL, payloads, { kind: 'update-addresses', from: local, to: remote });
  return true;
}

export function takeUpdate(exchange: Exchange): State {
  const { world, sa } = exchange;
  const task = exchange.task as TaskOf<'update-addresses'>;
  const error = errorNotification(exchange);
  if (error) {
    const name = notifyName(error.notifyType);
    report(
      exchange,
      'error',
      'ike.mobike',
      `peer answers ${name} to our new address: calling again`,
    );
    scheduleReconnect(exchange);
    sa.tasks.unshift({ kind: 'delete-ike', reason: `the peer refuses our address: ${name}` });
    return sa.state;
  }
  // §3.5: addresses that changed while we asked are told in another exchange.
  if (
    !task.from ||
    !task.to ||
    !sameEndpoint(task.from, sa.local) ||
    !sameEndpoint(task.to, sa.remote)
  ) {
    wantUpdate(sa);
    return sa.state;
  }
  if (saysWhereItIs(exchange)) {
    processNat(exchange);
    sa.seenAs = notification(exchange, N.NAT_DETECTION_DESTINATION_IP)!.data.slice();
  }
  sa.times.keepaliveAt = sa.natLocal ? world.context.now() + world.settings.keepaliveMs : undefined;
  moveChildren(exchange);
  const nat = encapsulates(sa) ? ', UDP encapsulation' : '';
  const from = formatAddress(sa.local.address);
  report(exchange, 'info', 'ike.mobike', `the peer has our address ${from}${nat}`);
  return sa.state;
}

/**
 * An answer to a liveness check that tells where the peer sees us: elsewhere than before, if a NAT has
 * given us another mapping (§3.8).
 */
export function noticeMapping(exchange: Exchange): void {
  const { sa } = exchange;
  if (!sa.mobike || !sa.caller || !saysWhereItIs(exchange)) return;
  const seen = notification(exchange, N.NAT_DETECTION_DESTINATION_IP)!.data;
  if (sa.seenAs && !sameBytes(sa.seenAs, seen)) {
    report(exchange, 'info', 'ike.mobike', 'the peer sees us at another address: telling it');
    wantUpdate(sa);
  }
  sa.seenAs = seen.slice();
}
