// Where this instance works: every worker attaches its instance to its own row of the shared memory.
// Globals here are set once at attach and constant from then on; all mutable state lives in memory.
import {
  ASSEMBLY_ENTRY,
  ASSEMBLY_PLACES,
  CONTROL_AT,
  CONTROL_VERSION,
  COUNTERS_AT,
  COUNTERS_ROW,
  FLOW_ENTRIES,
  FLOW_ENTRY,
  FRAGMENTS_SIZE,
  LAYOUT_VERSION,
  WAITING_SLOTS,
  WORKER_ASSEMBLY,
  WORKER_ASSEMBLY_COUNT,
  WORKER_EARLY,
  WORKER_EPOCH,
  WORKER_FLOWS,
  WORKER_FRAGMENTS,
  WORKER_HELD,
  WORKER_SCRATCH,
  WORKER_SIZE,
  WORKERS_AT,
} from '../src/contract/layout';

/** First byte of this instance's worker region. */
export let workerAt: usize = WORKERS_AT;
/** First byte of this instance's row of counters. */
export let countersAt: usize = COUNTERS_AT;
/**
 * 64 KiB of scratch for the kernels of this instance. Quarters by owner: 0 aes, 16384 hash,
 * 32768 chacha20-poly1305, 49152 packet path.
 */
export let scratchAt: usize = WORKERS_AT + WORKER_SCRATCH;

// The packet path's quarter, from scratchAt.
/** The packet in view: ip/packet.ts. */
export const VIEW: usize = 49152;
/** State of the batch in work: process.ts. */
export const BATCH_NOW: usize = 49152 + 128; // u64 ms
export const BATCH_EPOCH: usize = 49152 + 136; // u32, CONTROL_POLICY_EPOCH + 1 at the batch's start
export const BATCH_SLOTS: usize = 49152 + 140; // u32, transmit slots taken
export const BATCH_JOBS: usize = 49152 + 144; // u32, ESP packets in work
export const BATCH_DELIVERIES: usize = 49152 + 148; // u32, packets for the TUN
export const BATCH_LARGE: usize = 49152 + 152; // u32, places of WORKER_LARGE taken
/** The received datagram in work: inbound.ts. */
export const DATAGRAM_PORT: usize = 49152 + 156; // i32
export const DATAGRAM_AT: usize = 49152 + 160; // u32, with the IP header that a raw IPv4 socket shows
export const DATAGRAM_LENGTH: usize = 49152 + 164; // i32
/** The outer header of the received packet in work: receive.ts. */
export const ORIGIN: usize = 49152 + 192;
/** Nonce, zero IV and additional data of a packet: esp.ts. */
export const NONCE: usize = 49152 + 256;
export const ZERO_IV: usize = 49152 + 272;
export const AAD: usize = 49152 + 288; // 20 bytes at most: with AES-GMAC the IV is part of it
/** The super-packet in work: ip/segment.ts. */
export const SUPER: usize = 49152 + 320;
/** The message that the next packet may join: transmit.ts. */
export const JOIN: usize = 49152 + 352;
/** Jobs of one call of a multi-lane kernel. */
export const LANES: usize = 49152 + 512;
/** Whole digests to compare, 64 bytes for each packet of a batch. */
export const DIGESTS: usize = 49152 + 1024;
/** The packet in view as the classifier cuts it, and what a lookup puts off: classifier.ts. */
export const KEY: usize = 49152 + 5120;
export const PUT_OFF: usize = 49152 + 5248; // CLASSIFIER_DEPTH pairs of u32

/** Binds this instance to a worker row (0 … CONTROL_ROW) before anything else is called. */
export function attach(row: u32): void {
  workerAt = WORKERS_AT + row * WORKER_SIZE;
  countersAt = COUNTERS_AT + row * COUNTERS_ROW;
  scratchAt = workerAt + WORKER_SCRATCH;
  store<u32>(CONTROL_AT + CONTROL_VERSION, LAYOUT_VERSION);
  // a worker that died inside a batch left the epoch odd: its batch is over
  const epoch = atomic.load<u32>(workerAt, WORKER_EPOCH);
  atomic.store<u32>(workerAt, epoch + (epoch & 1), WORKER_EPOCH);
  // and what it remembered may be what it died of
  memory.fill(workerAt + WORKER_FLOWS, 0, FLOW_ENTRIES * FLOW_ENTRY);
  memory.fill(workerAt + WORKER_FRAGMENTS, 0, FRAGMENTS_SIZE);
  memory.fill(workerAt + WORKER_HELD, 0, WAITING_SLOTS);
  memory.fill(workerAt + WORKER_ASSEMBLY, 0, ASSEMBLY_PLACES * ASSEMBLY_ENTRY);
  store<u32>(workerAt, 0, WORKER_ASSEMBLY_COUNT);
  memory.fill(workerAt + WORKER_EARLY, 0, WAITING_SLOTS);
}
