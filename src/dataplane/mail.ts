// Mail from the workers to the control plane: each worker writes records into its own ring
// (layout.ts, "mail records"), main reads them here and gives the space back.
import {
  MAIL_ACQUIRE,
  MAIL_FIRST_USE,
  MAIL_HARD_EXPIRE,
  MAIL_IKE,
  MAIL_MOVED,
  MAIL_SOFT_EXPIRE,
  PORT_UDP4_4500,
  PORT_UDP6_4500,
} from '../contract/ids.js';
import * as layout from '../contract/layout.js';
import { type Address, addressFromBytes } from '../policy/address.js';

/** An address and a UDP or TCP port, 0 where the protocol has none. */
export interface MailEndpoint {
  readonly address: Address;
  readonly port: number;
}

export type Mail =
  | {
      readonly kind: 'ike';
      readonly local: MailEndpoint;
      readonly remote: MailEndpoint;
      /** Whether it came on the NAT traversal port; the non-ESP marker is gone already. */
      readonly natt: boolean;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: 'acquire';
      readonly policy: number;
      readonly protocol: number;
      readonly source: MailEndpoint;
      readonly destination: MailEndpoint;
    }
  | {
      readonly kind: 'soft-expire' | 'hard-expire' | 'first-use';
      readonly slot: number;
      readonly spi: number;
    }
  | {
      readonly kind: 'moved';
      readonly slot: number;
      readonly spi: number;
      readonly remote: MailEndpoint;
    };

/** Our own bug: a ring whose records make no sense. The ring has been emptied. */
export class MailError extends Error {
  override readonly name = 'MailError';
}

/** Reads everything in a worker's ring, in order, and frees the space. */
export function drainMail(memory: WebAssembly.Memory, row: number): Mail[] {
  const region = layout.WORKERS_AT + row * layout.WORKER_SIZE;
  const words = new Uint32Array(memory.buffer);
  const headAt = (region + layout.WORKER_MAIL_HEAD) >> 2;
  const tailAt = (region + layout.WORKER_MAIL_TAIL) >> 2;
  const head = Atomics.load(words, headAt);
  let tail = Atomics.load(words, tailAt);
  const found: Mail[] = [];
  // Both count bytes for ever, modulo 2^32; the ring's size divides that.
  while (tail !== head) {
    const left = (head - tail) >>> 0;
    const record = readRecord(memory, region + layout.WORKER_MAIL, tail, left);
    if (!record) {
      // No later record can be found: starting over loses these, waiting would lose all.
      Atomics.store(words, tailAt, head);
      throw new MailError(
        `worker ${row}: mail ring is inconsistent at ${tail}, ${left} bytes lost`,
      );
    }
    const mail = decode(record);
    if (mail) found.push(mail);
    tail = (tail + record.byteLength) >>> 0;
  }
  Atomics.store(words, tailAt, tail);
  return found;
}

/** A copy of the record at `tail`; it may run over the ring's end. Undefined where it cannot be one. */
function readRecord(
  memory: WebAssembly.Memory,
  ring: number,
  tail: number,
  left: number,
): DataView | undefined {
  const at = tail % layout.MAIL_SIZE;
  const length = new DataView(memory.buffer, ring + at).getUint32(layout.MAIL_LENGTH, true);
  if (length < layout.MAIL_HEADER || length % 8 !== 0 || length > left) return undefined;
  const copy = new Uint8Array(length);
  const first = Math.min(length, layout.MAIL_SIZE - at);
  copy.set(new Uint8Array(memory.buffer, ring + at, first));
  copy.set(new Uint8Array(memory.buffer, ring, length - first), first);
  return new DataView(copy.buffer);
}

function decode(record: DataView): Mail | undefined {
  const u32 = (at: number): number => record.getUint32(at, true);
  const sa = { slot: 0, spi: 0 };
  if (record.byteLength >= layout.MAIL_SA_SPI + 4) {
    sa.slot = u32(layout.MAIL_SA_SLOT);
    sa.spi = u32(layout.MAIL_SA_SPI);
  }
  switch (u32(layout.MAIL_TYPE)) {
    case MAIL_IKE:
      return decodeIke(record);
    case MAIL_ACQUIRE:
      return decodeAcquire(record);
    case MAIL_SOFT_EXPIRE:
      return { kind: 'soft-expire', ...sa };
    case MAIL_HARD_EXPIRE:
      return { kind: 'hard-expire', ...sa };
    case MAIL_FIRST_USE:
      return { kind: 'first-use', ...sa };
    case MAIL_MOVED: {
      const remote = endpoint(record, layout.MAIL_SA_REMOTE, layout.MAIL_SA_REMOTE_PORT);
      return { kind: 'moved', ...sa, remote };
    }
    default: // a filler in front of the ring's end
      return undefined;
  }
}

/** The body is copied: the worker writes over the ring as soon as the tail has moved. */
function decodeIke(record: DataView): Mail {
  const port = record.getUint32(layout.MAIL_IKE_PORT, true);
  const length = record.getUint32(layout.MAIL_IKE_BYTES, true);
  return {
    kind: 'ike',
    local: endpoint(record, layout.MAIL_IKE_LOCAL, layout.MAIL_IKE_LOCAL_PORT),
    remote: endpoint(record, layout.MAIL_IKE_REMOTE, layout.MAIL_IKE_REMOTE_PORT),
    natt: port === PORT_UDP4_4500 || port === PORT_UDP6_4500,
    bytes: new Uint8Array(record.buffer, layout.MAIL_IKE_BODY).slice(0, length),
  };
}

function decodeAcquire(record: DataView): Mail {
  return {
    kind: 'acquire',
    policy: record.getUint32(layout.MAIL_ACQUIRE_POLICY, true),
    protocol: record.getUint32(layout.MAIL_ACQUIRE_PROTOCOL, true),
    source: endpoint(record, layout.MAIL_ACQUIRE_SRC, layout.MAIL_ACQUIRE_SRC_PORT),
    destination: endpoint(record, layout.MAIL_ACQUIRE_DST, layout.MAIL_ACQUIRE_DST_PORT),
  };
}

function endpoint(record: DataView, addressAt: number, portAt: number): MailEndpoint {
  const bytes = new Uint8Array(record.buffer, addressAt, 16);
  return { address: unmapped(bytes), port: record.getUint16(portAt, true) };
}

/** ::ffff:a.b.c.d is how the contract writes IPv4. */
function unmapped(bytes: Uint8Array): Address {
  const mapped = bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((b) => !b);
  return addressFromBytes(mapped ? bytes.subarray(12) : bytes);
}
