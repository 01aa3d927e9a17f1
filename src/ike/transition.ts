// The state machine as rows: which message in which state does what. An exchange's file exports its
// rows in RFC order; the engine finds the row, keeps the payloads it allows, and runs it.
import { PROTOCOL_AH, PROTOCOL_ESP, PROTOCOL_IKE } from '../wire/numbers.js';
import { notifyName } from '../wire/notifications.js';
import type { Payload, PlainPayload } from '../wire/chain.js';
import type { Exchange } from './exchange.js';
import type { State, TaskKind } from './sa.js';

/** `SA`, `KE`, `N(COOKIE)`, `D(IKE)`, `SA(IKE)` … as payloadNames gives them. */
export type PayloadName = string;

export type Receives =
  | { readonly request: number }
  /** The answer to what we asked for. */
  | { readonly response: number; readonly task: readonly TaskKind[] };

export interface Transition {
  /** Log line, test title, label in the diagram. */
  readonly story: string;
  readonly from: readonly State[];
  readonly receives: Receives;
  readonly requires: readonly PayloadName[];
  /** It says itself where the peer is: what IP says is not taken for it before (RFC 4555 §3.5). */
  readonly moves?: boolean;
  /** What else is read; anything beyond is passed over. */
  readonly allows: readonly PayloadName[];
  /**
   * Returns the next state, one of `to`. Before its last await it changes nothing that another SA or
   * the operator could see: the next step of this SA waits for it, those of others do not.
   */
  readonly run: (exchange: Exchange) => Promise<State> | State;
  readonly to: readonly State[];
  /** What ends the new state if nothing more comes: see timers.ts. */
  readonly onTimeout: 'retransmit' | 'half-open' | 'liveness' | 'give-up' | 'none';
}

/** The names one payload answers to, the general one first. */
function payloadNames(payload: Payload): PayloadName[] {
  switch (payload.type) {
    case 'Notify':
      return ['N', `N(${notifyName(payload.notifyType)})`];
    case 'Delete':
      return ['D', payload.protocol === PROTOCOL_IKE ? 'D(IKE)' : 'D(CHILD)'];
    case 'SA': {
      const protocol = payload.proposals[0]?.protocol;
      if (protocol === PROTOCOL_IKE) return ['SA', 'SA(IKE)'];
      return protocol === PROTOCOL_ESP || protocol === PROTOCOL_AH ? ['SA', 'SA(CHILD)'] : ['SA'];
    }
    default:
      return [payload.type];
  }
}

/** The first row that fits; rows that need more stand before rows that need less. */
export function findTransition(
  rows: readonly Transition[],
  state: State,
  received: { readonly exchange: number; readonly answers: TaskKind | undefined },
  payloads: readonly Payload[],
): Transition | undefined {
  const present = new Set(payloads.flatMap(payloadNames));
  return rows.find(({ from, receives, requires }) => {
    if (!from.includes(state) || !requires.every((name) => present.has(name))) return false;
    if ('request' in receives) {
      return received.answers === undefined && receives.request === received.exchange;
    }
    return (
      received.answers !== undefined &&
      receives.response === received.exchange &&
      receives.task.includes(received.answers)
    );
  });
}

/** What the row reads of a message: notifications always, for they may be errors. */
export function readable(row: Transition, payloads: readonly Payload[]): PlainPayload[] {
  const read = new Set([...row.requires, ...row.allows, 'N']);
  return payloads.filter(
    (payload): payload is PlainPayload =>
      payload.type !== 'Encrypted' &&
      payload.type !== 'EncryptedFragment' &&
      payloadNames(payload).some((name) => read.has(name)),
  );
}

/** A payload that must be alone of its kind, twice (RFC 7296 §3.2 leaves such a message no meaning). */
export function duplicated(payloads: readonly Payload[]): string | undefined {
  const single = ['SA', 'KE', 'Nonce', 'IDi', 'IDr', 'AUTH', 'TSi', 'TSr', 'Configuration', 'EAP'];
  return single.find((type) => payloads.filter((payload) => payload.type === type).length > 1);
}
