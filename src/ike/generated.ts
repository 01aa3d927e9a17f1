// The policies made from templates that are there: each as long as some CHILD_SA is for it. Two that
// match the same packets cannot both be in force: the later one is invalid (RouterOS's flag I), until
// the other goes. But a peer that comes again, the same by its proven identity, takes its place over.
import { formatPrefix } from '../policy/address.js';
import {
  type DynamicPolicy,
  FIRST_DYNAMIC,
  isDynamic,
  MAX_DYNAMIC,
  type Policy,
} from '../policy/database.js';
import { IkeError } from './errors.js';
import { partsOf } from './parts/pieces.js';
import type { Child } from './sa.js';
import type { Step } from './step.js';

interface Made {
  readonly owner: DynamicPolicy;
  readonly parts: readonly Part[];
  /** CHILD_SAs, newest last. */
  readonly children: Child[];
}

interface Part {
  readonly policy: DynamicPolicy;
  /** Peer and identity it was made for. */
  readonly who: string;
  valid: boolean;
}

/** One line of `policy print`. */
export interface GeneratedPolicy {
  readonly policy: DynamicPolicy;
  readonly invalid: boolean;
  readonly children: readonly Child[];
}

export class GeneratedPolicies {
  readonly #made = new Map<number, Made>();
  /** Parts that match the same packets, oldest first. */
  readonly #byMatch = new Map<string, Part[]>();
  #written = new Set<string>();
  #nextId = FIRST_DYNAMIC;
  #count = 0;

  constructor(policies: readonly Policy[]) {
    this.#written = new Set(policies.map(matchOf));
  }

  /** Ids for an owner and the policies made with it. */
  allocate(count: number): number {
    if (this.#count + count > MAX_DYNAMIC) {
      const text = `all ${MAX_DYNAMIC} places for policies made from templates are taken`;
      throw new IkeError('no-additional-sas', text);
    }
    const first = this.#nextId;
    this.#nextId += count;
    return first;
  }

  /** A child is for this policy, which may be an ordinary one. */
  use(step: Step, child: Child, who: string): void {
    const { policy } = child;
    if (!isDynamic(policy)) return;
    const made = this.#made.get(policy.id);
    if (made) {
      made.children.push(child);
      return;
    }
    const parts = partsOf(policy).map((one): Part => ({ policy: one, who, valid: false }));
    this.#made.set(policy.id, { owner: policy, parts, children: [child] });
    this.#count += parts.length;
    for (const part of parts) {
      const key = matchOf(part.policy);
      this.#byMatch.set(key, [...(this.#byMatch.get(key) ?? []), part]);
      this.#settle(step, key, part);
    }
  }

  /** The child is no more, and with the last one its policies. */
  drop(step: Step, child: Child): void {
    const made = this.#made.get(child.policy.id);
    const place = made?.children.indexOf(child) ?? -1;
    if (!made || place < 0) return;
    made.children.splice(place, 1);
    if (made.children.length > 0) return;
    this.#made.delete(child.policy.id);
    this.#count -= made.parts.length;
    for (const part of made.parts) {
      const key = matchOf(part.policy);
      const rest = (this.#byMatch.get(key) ?? []).filter((other) => other !== part);
      if (rest.length > 0) this.#byMatch.set(key, rest);
      else this.#byMatch.delete(key);
      this.#settle(step, key);
      if (part.valid) step.policies.push({ remove: part.policy.id });
    }
  }

  /** Other policies are written now. */
  rewrite(step: Step, policies: readonly Policy[]): void {
    this.#written = new Set(policies.map(matchOf));
    for (const key of this.#byMatch.keys()) this.#settle(step, key);
  }

  list(): GeneratedPolicy[] {
    return [...this.#made.values()].flatMap(({ parts, children }) =>
      parts.map(({ policy, valid }) => ({ policy, invalid: !valid, children })),
    );
  }

  /** Which of those with one match is in force: a written one, a peer that came again, the oldest. */
  #settle(step: Step, key: string, newest?: Part): void {
    const parts = this.#byMatch.get(key) ?? [];
    const before = parts.find(({ valid }) => valid);
    const again = newest !== undefined && before?.who === newest.who;
    const chosen = this.#written.has(key) ? undefined : again ? newest : (before ?? parts[0]);
    if (chosen === before) return;
    // the new one first: at no moment is there none
    if (chosen) step.policies.push({ add: chosen.policy });
    if (before) step.policies.push({ remove: before.policy.id });
    if (chosen) chosen.valid = true;
    if (before) before.valid = false;
  }
}

const matchOf = ({ src, srcPort, dst, dstPort, protocol }: Policy): string =>
  `${formatPrefix(src)} ${srcPort} ${formatPrefix(dst)} ${dstPort} ${protocol}`;
