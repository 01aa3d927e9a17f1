// What a transition works with: the world (databases, context, all SAs), its own IKE SA, the message
// that came, and the Step it fills.
import { isErrorNotify, notifyName } from '../wire/notifications.js';
import type { PlainPayload } from '../wire/chain.js';
import type { Header } from '../wire/header.js';
import type { Address } from '../policy/address.js';
import type { Databases } from '../policy/database.js';
import type { Context, Settings } from './context.js';
import { IkeError } from './errors.js';
import type { PartialStore } from './fragments.js';
import type { GeneratedPolicies } from './generated.js';
import type { IkeSa, Task } from './sa.js';
import type { Datagram, EventLevel, Step } from './step.js';
import type { SaStore } from './store.js';

export interface World {
  /** Others after a change of the configuration (reconfigure.ts). */
  databases: Databases;
  readonly context: Context;
  readonly settings: Settings;
  readonly store: SaStore;
  readonly partials: PartialStore;
  /** Policies made from templates. */
  readonly generated: GeneratedPolicies;
  /** One per peer, by name. */
  readonly links: Map<string, Link>;
  /** Addresses of this host that peers may reach it by. */
  addresses: readonly Address[];
  /** Set by shutdown: nothing is started any more. */
  closing: boolean;
}

/** How calling a peer went so far. Times in ms of Context.now. */
export interface Link {
  /** The peer is not passive: we call it, and again when it is lost. */
  readonly active: boolean;
  failures: number;
  /** When to call (again); undefined: not due. */
  connectAt: number | undefined;
  /** Traffic does not make us call before that. */
  notBefore: number;
  /** The same for single policies that the peer refused, by Policy.id. */
  readonly refused: Map<number, number>;
  /** When we were sent on to another gateway (RFC 5685). */
  readonly redirects: number[];
  /** Which of several identities we call by. */
  turn: number;
  /** What mode-config gave us the last time. */
  addresses: readonly Address[];
}

/** Work on one IKE SA. */
export interface Work {
  readonly world: World;
  readonly sa: IkeSa;
  readonly step: Step;
}

/** Work that a message caused. */
export interface Exchange extends Work {
  readonly datagram: Datagram;
  readonly header: Header;
  /** Only what the row reads. */
  readonly payloads: readonly PlainPayload[];
  /** What we asked for, when this is the answer. */
  readonly task: Task | undefined;
}

/** Another's turn has ended the IKE SA while its own waited: nothing more comes of that. */
export class Ended extends Error {
  override readonly name = 'Ended';
}

/** Waits for a slow sum, and goes on only if the IKE SA still stands then. */
export async function meanwhile<T>({ world, sa }: Work, slow: Promise<T>): Promise<T> {
  const result = await slow;
  if (!world.store.has(sa)) throw new Ended();
  return result;
}

export function report(
  { sa, step }: Pick<Work, 'sa' | 'step'>,
  level: EventLevel,
  topic: string,
  text: string,
  facts?: Readonly<Record<string, unknown>>,
): void {
  const event = { level, topic, peer: sa.peer.name, text };
  step.events.push(facts ? { ...event, facts } : event);
}

/** A number between 0 and 1. */
export function fraction({ context }: World): number {
  return new DataView(Uint8Array.from(context.random(4)).buffer).getUint32(0) / 2 ** 32;
}

type OfType<T extends PlainPayload['type']> = Extract<PlainPayload, { type: T }>;

export function optional<T extends PlainPayload['type']>(
  { payloads }: Pick<Exchange, 'payloads'>,
  type: T,
): OfType<T> | undefined {
  return payloads.find((payload): payload is OfType<T> => payload.type === type);
}

export function required<T extends PlainPayload['type']>(
  exchange: Pick<Exchange, 'payloads'>,
  type: T,
): OfType<T> {
  const found = optional(exchange, type);
  if (!found) throw new IkeError('missing-payload', `${type} payload is missing`);
  return found;
}

export function notification(
  { payloads }: Pick<Exchange, 'payloads'>,
  notifyType: number,
): OfType<'Notify'> | undefined {
  return payloads.find(
    (payload): payload is OfType<'Notify'> =>
      payload.type === 'Notify' && payload.notifyType === notifyType,
  );
}

/** The first error notification. */
export function errorNotification({
  payloads,
}: Pick<Exchange, 'payloads'>): OfType<'Notify'> | undefined {
  return payloads.find(
    (payload): payload is OfType<'Notify'> =>
      payload.type === 'Notify' && isErrorNotify(payload.notifyType),
  );
}

export function notify(
  notifyType: number,
  data: Uint8Array = new Uint8Array(0),
  protocol = 0,
  spi: Uint8Array = new Uint8Array(0),
): OfType<'Notify'> {
  return { type: 'Notify', protocol, notifyType, spi, data };
}

export { notifyName };
