// One batch: begins (epoch odd), runs a pipeline, ends (epoch even). The host sends what it leaves:
// WORKER_TX_COUNT messages per port and WORKER_TUN_COUNT packets for the TUN, either direction.
import { IN_ERRORS, OUT_ERRORS } from '../src/contract/drops';
import { countMore } from './counters';

/** Packets read from the TUN: WORKER_RX_LENGTH holds their lengths. */
export function processOutbound(count: u32, _nowMs: f64): void {
  countMore(OUT_ERRORS, count);
}

/** Packets that recvmmsg left on a socket of kind `port`. */
export function processInbound(_port: u32, count: u32, _nowMs: f64): void {
  countMore(IN_ERRORS, count);
}
