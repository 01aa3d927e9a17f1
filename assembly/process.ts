// One round of a batch: reads what holds for all of it, runs a pipeline, leaves the result to the host,
// which makes WORKER_TX_COUNT messages per port and WORKER_TUN_COUNT writes to the TUN, in either
// direction. A batch of super-packets may be more than the transmit slots hold: then the round returns
// where it stopped, and the host sends and calls again. It holds WORKER_EPOCH odd around each round.
import { PORT_COUNT } from '../src/contract/ids';
import {
  BATCH,
  CONTROL_AT,
  CONTROL_POLICY_EPOCH,
  FLOW_BUCKETS,
  WORKER_FLOW_BUCKETS,
  WORKER_TUN_COUNT,
  WORKER_TX_COUNT,
  WORKER_TX_VECTORS,
} from '../src/contract/layout';
import { inboundBatch } from './inbound';
import { writeDeliveries } from './ip/coalesce';
import {
  BATCH_DELIVERIES,
  BATCH_EPOCH,
  BATCH_JOBS,
  BATCH_LARGE,
  BATCH_NOW,
  BATCH_SLOTS,
  JOIN,
  scratchAt,
  workerAt,
} from './memory';
import { outboundBatch } from './outbound';

/** Packets `first` … `count` - 1 of WORKER_RX_LIST, read from the TUN; returns the first that is left. */
export function processOutbound(first: i32, count: i32, nowMs: f64): i32 {
  begin(nowMs);
  const next = outboundBatch(first, min(count, BATCH));
  writeDeliveries();
  return next;
}

/** Messages that recvmmsg left on a socket of kind `port`; otherwise the same. */
export function processInbound(port: i32, first: i32, count: i32, nowMs: f64): i32 {
  begin(nowMs);
  const next = inboundBatch(port, first, min(count, BATCH));
  writeDeliveries();
  return next;
}

function begin(nowMs: f64): void {
  const epoch = atomic.load<u32>(CONTROL_AT, CONTROL_POLICY_EPOCH);
  store<u64>(scratchAt + BATCH_NOW, <u64>nowMs);
  // plus one: a cache entry never written holds 0
  store<u32>(scratchAt + BATCH_EPOCH, epoch + 1);
  store<u32>(scratchAt + BATCH_SLOTS, 0);
  store<u32>(scratchAt + BATCH_JOBS, 0);
  store<u32>(scratchAt + BATCH_DELIVERIES, 0);
  store<u32>(scratchAt + BATCH_LARGE, 0);
  store<u32>(scratchAt + JOIN, 0);
  memory.fill(workerAt + WORKER_FLOW_BUCKETS, 0, FLOW_BUCKETS * 4);
  memory.fill(workerAt + WORKER_TX_COUNT, 0, PORT_COUNT * 4);
  memory.fill(workerAt + WORKER_TX_VECTORS, 0, PORT_COUNT * 4);
  store<u32>(workerAt, 0, WORKER_TUN_COUNT);
}
