// Policy lookups without packets: many flows in one call, so that `culvert bench policy` measures the
// lookup and not the way into WebAssembly, and so that tests can ask by the million.
import { CONTROL_AT, CONTROL_POLICY_EPOCH, FLOW_POLICY } from '../src/contract/layout';
import { BATCH_EPOCH, scratchAt, VIEW } from './memory';
import { findFlow, lookupPolicy } from './policy';

/** A flow: the view up to VIEW_TOS (ip/packet.ts), in whose place the answer is written. */
const FLOW_BYTES: usize = 64;
const FLOW_ANSWER: usize = 60;

/**
 * Looks up `count` flows at `at`, through the flow cache if `cached`. Each flow's last word becomes the
 * address of its policy, 0 for none, 1 where a fragment is ambiguous.
 */
export function lookupFlows(at: usize, count: u32, cached: u32): void {
  const epoch = atomic.load<u32>(CONTROL_AT, CONTROL_POLICY_EPOCH);
  // as process.ts begins a batch
  store<u32>(scratchAt + BATCH_EPOCH, epoch + 1);
  for (let i: u32 = 0, flow = at; i < count; i++, flow += FLOW_BYTES) {
    memory.copy(scratchAt + VIEW, flow, FLOW_ANSWER);
    const policy = cached ? load<u32>(findFlow(), FLOW_POLICY) : lookupPolicy();
    store<u32>(flow, policy, FLOW_ANSWER);
  }
}
