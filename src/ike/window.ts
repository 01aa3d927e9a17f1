// Message IDs, retransmission and the answer cache (RFC 7296 §2.1 … §2.3). The window is one: a
// request waits in Window.pending until its answer came; the last answer waits for its repetition.
import type { PlainPayload } from '../wire/chain.js';
import type { Exchange, Work } from './exchange.js';
import { hasBackups } from './failover.js';
import { datagramOf, encode, encodeWhole, headerOf } from './message.js';
import type { Pending, Task } from './sa.js';

/** Sends a request and keeps it for retransmission; returns it, or its first fragment. */
export function sendRequest(
  { world, sa, step }: Work,
  exchange: number,
  payloads: readonly PlainPayload[],
  task: Task,
): Uint8Array {
  const id = sa.window.nextId++;
  const plain = task.kind === 'ike-sa-init';
  const header = headerOf(sa, exchange, id, false);
  const whole = task.kind === 'probe';
  const messages = whole
    ? [encodeWhole(sa, header, payloads)]
    : encode(sa, header, payloads, plain);
  const nextAt = world.context.now() + world.settings.retransmitMs;
  sa.window.pending = { id, exchange, messages, task, sent: 1, nextAt };
  step.send.push(...messages.map((bytes) => datagramOf(sa, bytes)));
  return messages[0]!;
}

/** Answers the request in work, and keeps the answer for its repetition; returns it likewise. */
export function sendAnswer(
  exchange: Pick<Exchange, 'sa' | 'step' | 'header' | 'datagram'>,
  payloads: readonly PlainPayload[],
  plain = false,
): Uint8Array {
  const { sa, step, header } = exchange;
  const { local, remote } = exchange.datagram;
  const { exchangeType, messageId } = header;
  const messages = encode(sa, headerOf(sa, exchangeType, messageId, true), payloads, plain);
  sa.window.lastAnswer = messages;
  // §2.11: to where the request came from.
  step.send.push(...messages.map((bytes) => ({ local, remote, bytes })));
  return messages[0]!;
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** How often a request is sent before its peer is given up (see Settings; notes on DPD there). */
export function transmissions(work: Work, { task, untried }: Pending): number {
  const { world, sa } = work;
  const { transmissions: most, transmissionsElsewhere } = world.settings;
  if (untried) return transmissionsElsewhere;
  // RouterOS: a peer is dead after `dpd-maximum-failures` unanswered liveness checks.
  const { dpdInterval, dpdMaximumFailures } = sa.peer.profile;
  const failures = Math.max(1, dpdMaximumFailures);
  if (task.kind === 'liveness') return failures;
  // So it is with a probe in its place; its first transmission may be lost for its size alone.
  if (task.kind === 'probe' && dpdInterval !== undefined) return 1 + failures;
  const first = task.kind === 'ike-sa-init' || task.kind === 'ike-auth';
  return first && (sa.peer.named || hasBackups(work))
    ? Math.min(most, transmissionsElsewhere)
    : most;
}

/** The wait after the n-th transmission: doubling, bounded. */
function backOff({ world }: Work, sent: number): number {
  const { retransmitMs, retransmitMostMs } = world.settings;
  return Math.min(retransmitMs * 2 ** (sent - 1), retransmitMostMs);
}

/** Sends the pending request to where the peer is tried now, with all patience again. */
export function sendAnew(work: Work, pending: Pending): void {
  pending.sent = 0;
  retransmit(work, pending);
}

/** Sends the pending request once more; false: patience is at an end. */
export function retransmit(work: Work, pending: Pending): boolean {
  if (pending.sent >= transmissions(work, pending)) return false;
  pending.sent++;
  pending.nextAt = work.world.context.now() + backOff(work, pending.sent);
  const { task, messages } = pending;
  if (task.kind === 'probe') task.repeated = true;
  const small = task.kind === 'probe' ? ({ size: 'small' } as const) : {};
  work.step.send.push(...messages.map((bytes) => ({ ...datagramOf(work.sa, bytes), ...small })));
  return true;
}
