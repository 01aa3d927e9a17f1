// What went wrong with each peer, for `culvert doctor`: the last failure of each kind that no success
// has followed, told from the events of the engine, and the last error that the peer has sent.
import type { ErrorName } from '../ike/errors.js';
import type { EngineEvent } from '../ike/step.js';

/** The doctor's questions, in the order in which they are asked. */
export const CHECKS = [
  'configuration',
  'address and route',
  'UDP 500 and 4500',
  'NAT',
  'proposals',
  'authentication',
  'identities',
  'certificates',
  'daemon',
  'traffic selectors',
  'SA installed',
  'backups',
  'packets out',
  'packets in',
  'MTU',
  'last notification',
] as const;
export type CheckName = (typeof CHECKS)[number];

export interface Ailment {
  /** Unix time in ms. */
  readonly at: number;
  readonly check: CheckName;
  /** The sentence of the log: what happened; the usual cause and what to try. */
  readonly text: string;
  /** Policy.id, where it is about one. */
  readonly policy: number | undefined;
}

export interface Notification {
  readonly at: number;
  readonly name: string;
}

export interface PeerRecord {
  readonly ailments: readonly Ailment[];
  /** The last error notification of the peer, whatever came of it. */
  readonly notified: Notification | undefined;
}

/** A caller whose address no peer has. */
export interface Stranger {
  readonly at: number;
  readonly address: string;
}

/** Every row of the engine's errors belongs to a question. */
export const CHECK_OF_ERROR: Readonly<Record<ErrorName, CheckName>> = {
  'invalid-syntax': 'last notification',
  'critical-payload': 'last notification',
  'missing-payload': 'last notification',
  'no-proposal': 'proposals',
  'bad-answer': 'proposals',
  'invalid-ke': 'proposals',
  'bad-public-value': 'proposals',
  'authentication-failed': 'authentication',
  'eap-failed': 'authentication',
  'certificate-refused': 'certificates',
  'unexpected-identity': 'identities',
  'ts-unacceptable': 'traffic selectors',
  'mode-mismatch': 'traffic selectors',
  'ah-through-nat': 'NAT',
  'no-address': 'SA installed',
  'unknown-pool': 'SA installed',
  'configuration-required': 'SA installed',
  'child-not-found': 'last notification',
  'no-additional-sas': 'SA installed',
  'childless-only': 'last notification',
  temporary: 'last notification',
};

const CHECK_OF_NOTIFICATION: Readonly<Record<string, CheckName>> = {
  NO_PROPOSAL_CHOSEN: 'proposals',
  INVALID_KE_PAYLOAD: 'proposals',
  AUTHENTICATION_FAILED: 'authentication',
  TS_UNACCEPTABLE: 'traffic selectors',
  SINGLE_PAIR_REQUIRED: 'traffic selectors',
  FAILED_CP_REQUIRED: 'SA installed',
  INTERNAL_ADDRESS_FAILURE: 'SA installed',
  NO_ADDITIONAL_SAS: 'SA installed',
  CHILD_SA_NOT_FOUND: 'SA installed',
};

/** A request of ours that was never answered; of IKE_AUTH also the peer's that never came. */
const CHECK_OF_SILENCE: Readonly<Record<string, CheckName>> = {
  'ike-sa-init': 'UDP 500 and 4500',
  'ike-auth': 'UDP 500 and 4500',
  liveness: 'UDP 500 and 4500',
};

const CHECK_OF_OBSTACLE: Readonly<Record<string, CheckName>> = {
  configuration: 'configuration',
  route: 'address and route',
};

/** Our own choice. */
const STRANGERS = 8;

export class Ailments {
  readonly #peers = new Map<string, { ailments: Ailment[]; notified: Notification | undefined }>();
  readonly #strangers = new Map<string, number>();

  note(event: EngineEvent, at: number): void {
    const { peer, level, facts = {} } = event;
    if (typeof facts.stranger === 'string') this.#strange(facts.stranger, at);
    if (peer === undefined || level === 'debug') return;
    const record = this.#peers.get(peer) ?? { ailments: [], notified: undefined };
    this.#peers.set(peer, record);
    if (level === 'info') {
      record.ailments = record.ailments.filter((one) => !healedBy(event, one));
      return;
    }
    if (typeof facts.notify === 'string') record.notified = { at, name: facts.notify };
    const check = checkOf(event);
    const policy = typeof facts.policy === 'number' ? facts.policy : undefined;
    const others = record.ailments.filter((one) => one.check !== check || one.policy !== policy);
    record.ailments = [...others, { at, check, text: event.text, policy }];
  }

  of(peer: string): PeerRecord {
    return this.#peers.get(peer) ?? { ailments: [], notified: undefined };
  }

  strangers(): Stranger[] {
    return [...this.#strangers].map(([address, at]) => ({ address, at }));
  }

  /** After a reload: what was wrong with the peers that changed may be so no more. */
  forget(peers: readonly string[]): void {
    for (const peer of peers) this.#peers.delete(peer);
  }

  /** The first of them makes way: a flood of callers fills nothing. */
  #strange(address: string, at: number): void {
    this.#strangers.delete(address);
    this.#strangers.set(address, at);
    const [first] = this.#strangers.keys();
    if (this.#strangers.size > STRANGERS) this.#strangers.delete(first!);
  }
}

/** By what the engine names; an event that names nothing by the topic it stands under. */
function checkOf({ topic, facts = {} }: EngineEvent): CheckName {
  const { error, notify, task, obstacle } = facts as Readonly<Record<string, string | undefined>>;
  return (
    look(CHECK_OF_ERROR, error) ??
    look(CHECK_OF_NOTIFICATION, notify) ??
    look(CHECK_OF_OBSTACLE, obstacle) ??
    look(CHECK_OF_SILENCE, task) ??
    (topic === 'ike.auth' ? 'authentication' : 'last notification')
  );
}

const look = (table: Readonly<Record<string, CheckName>>, key: unknown): CheckName | undefined =>
  typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined;

/** An IKE SA heals all: whatever was wrong before is not, or is said again. A child heals its policy. */
function healedBy({ topic, facts = {} }: EngineEvent, { policy }: Ailment): boolean {
  if (topic === 'ike.auth') return facts.suite !== undefined;
  if (topic !== 'ike.child' || facts.policy === undefined) return false;
  return policy === undefined || policy === facts.policy;
}
