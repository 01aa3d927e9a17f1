// One batch: reads what holds for all of it, runs a pipeline, leaves the result to the host, which
// sends WORKER_TX_COUNT messages per port and WORKER_TUN_COUNT packets to the TUN, either direction.
// The host holds WORKER_EPOCH odd from before the call until the messages are sent.
import { PORT_COUNT } from '../src/contract/ids';
import {
  BATCH,
  CONTROL_AT,
  CONTROL_POLICY_EPOCH,
  WORKER_TUN_COUNT,
  WORKER_TX_COUNT,
} from '../src/contract/layout';
import { inboundBatch } from './inbound';
import { BATCH_EPOCH, BATCH_JOBS, BATCH_NOW, BATCH_SLOTS, scratchAt, workerAt } from './memory';
import { outboundBatch } from './outbound';

/** Packets read from the TUN: WORKER_RX_LENGTH holds their lengths. */
export function processOutbound(count: u32, nowMs: f64): void {
  begin(nowMs);
  outboundBatch(min<u32>(count, BATCH));
}

/** Packets that recvmmsg left on a socket of kind `port`. */
export function processInbound(port: u32, count: u32, nowMs: f64): void {
  begin(nowMs);
  inboundBatch(port, min<u32>(count, BATCH));
}

function begin(nowMs: f64): void {
  const epoch = atomic.load<u32>(CONTROL_AT, CONTROL_POLICY_EPOCH);
  store<u64>(scratchAt + BATCH_NOW, <u64>nowMs);
  // plus one: a cache entry never written holds 0
  store<u32>(scratchAt + BATCH_EPOCH, epoch + 1);
  store<u32>(scratchAt + BATCH_SLOTS, 0);
  store<u32>(scratchAt + BATCH_JOBS, 0);
  memory.fill(workerAt + WORKER_TX_COUNT, 0, PORT_COUNT * 4);
  store<u32>(workerAt, 0, WORKER_TUN_COUNT);
}
