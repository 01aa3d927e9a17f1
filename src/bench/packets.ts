// A batch of packets in the shared memory, as the data plane has it: inner packets in the receive
// slots, ESP packets in the transmit slots, an SA's keys in the first SA record.
//   ESP: header (8: SPI, sequence number), IV (8 or 16), text, tag or digest
import { randomFillSync } from 'node:crypto';
import {
  BATCH,
  JOB_SIZE,
  SA_KEY,
  SA_MAC_KEY,
  SA_SALT,
  SAS_AT,
  SLOT,
  SLOT_HEADROOM,
  WORKER_JOBS,
  WORKER_RX_SLOTS,
  WORKER_TX_SLOTS,
  WORKERS_AT,
} from '../contract/layout.js';
import type { Module } from '../dataplane/module.js';

export const HEADER = 8;

export const KEY_AT = SAS_AT + SA_KEY;
export const MAC_KEY_AT = SAS_AT + SA_MAC_KEY;
/** 12 bytes: salt and IV. */
export const NONCE_AT = SAS_AT + SA_SALT;
export const CIPHER_JOBS_AT = WORKERS_AT + WORKER_JOBS;
export const MAC_JOBS_AT = CIPHER_JOBS_AT + (BATCH * JOB_SIZE) / 2;

export interface Packets {
  /** Bytes of text to encrypt in each packet: the inner packet, padded to the cipher's block. */
  readonly length: number;
  readonly src: readonly number[];
  /** Where each ESP packet begins. */
  readonly esp: readonly number[];
  readonly ivBytes: number;
  /** Where each packet's text begins behind the ESP header and the IV. */
  readonly text: readonly number[];
}

export function layOut(module: Module, bytes: number, block: number, ivBytes: number): Packets {
  const slots = (first: number): number[] =>
    Array.from({ length: BATCH }, (_, i) => WORKERS_AT + first + i * SLOT + SLOT_HEADROOM);
  const src = slots(WORKER_RX_SLOTS);
  const esp = slots(WORKER_TX_SLOTS);
  const length = Math.ceil(bytes / block) * block;
  for (const at of src) randomFillSync(view(module, at, length));
  for (const at of esp) randomFillSync(view(module, at, HEADER + ivBytes));
  return { length, src, esp, ivBytes, text: esp.map((at) => at + HEADER + ivBytes) };
}

/** The bytes of the shared memory themselves, not a copy. */
export function view(module: Module, at: number, length: number): Buffer {
  return Buffer.from(module.memory.buffer, at, length);
}
