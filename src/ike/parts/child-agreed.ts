// What either side of an exchange offers for a policy, and what both agree on for one child.
import { espNamesWith } from '../../algorithms/clients.js';
import {
  ahProposals,
  ahSuite,
  type EspSuite,
  espProposals,
  espSuite,
} from '../../algorithms/proposals.js';
import type { Transform } from '../../algorithms/transform.js';
import type { Policy } from '../../policy/database.js';
import type { TrafficSelector } from '../../policy/selector.js';
import type { IkeSa } from '../sa.js';
import type { ChildSa } from '../step.js';
import type { Mode } from './mode.js';

/** What both sides agreed on. */
export interface Agreed {
  readonly policy: Policy;
  readonly mode: Mode;
  readonly suite: EspSuite;
  readonly ourSpi: number;
  readonly theirSpi: number;
  readonly local: readonly TrafficSelector[];
  readonly remote: readonly TrafficSelector[];
  /** Transport mode behind a NAT: the two ends as the peer sees them. */
  readonly original: ChildSa['original'];
}

export function proposalsOf(
  { peer }: IkeSa,
  { protection, proposal }: Policy,
  groups: readonly (string | undefined)[],
) {
  const names = espNamesWith(proposal, peer.compatibleWith);
  return (protection === 'ah' ? ahProposals : espProposals)(names, groups);
}

export const suiteOf = (
  { protection }: Policy,
  chosen: readonly Transform[],
): EspSuite | undefined => (protection === 'ah' ? ahSuite : espSuite)(chosen);
