// The one error of the codec. It says where in the message the fault is and of which kind, so that
// the engine can map it to a notification without reading text.

/**
 * - `malformed`: shape or limit violated (INVALID_SYNTAX, RFC 7296 §2.21)
 * - `critical`: an unknown payload with the critical bit (UNSUPPORTED_CRITICAL_PAYLOAD, §2.5)
 * - `version`: a major version that is not ours (INVALID_MAJOR_VERSION, §2.5)
 * - `unencodable`: a value that has no place on the wire; our own bug, never from decode
 */
export type WireErrorKind = 'malformed' | 'critical' | 'version' | 'unencodable';

export interface WireFault {
  readonly kind: WireErrorKind;
  /** `header`, or the payload's name as in the Payload union. */
  readonly payload: string;
  /** Path inside the payload, e.g. `proposals.transforms.id`; empty: the payload as a whole. */
  readonly field: string;
  /** Byte offset from the start of what was decoded (message or decrypted chain). */
  readonly offset: number;
  readonly reason: string;
  /** The payload's number, for the data of UNSUPPORTED_CRITICAL_PAYLOAD. */
  readonly payloadNumber?: number;
}

export class WireError extends Error {
  override readonly name = 'WireError';
  readonly kind: WireErrorKind;
  readonly payload: string;
  readonly field: string;
  readonly offset: number;
  readonly payloadNumber: number | undefined;

  constructor(fault: WireFault) {
    const place = fault.field === '' ? fault.payload : `${fault.payload}.${fault.field}`;
    super(`${place} at byte ${fault.offset}: ${fault.reason}`);
    this.kind = fault.kind;
    this.payload = fault.payload;
    this.field = fault.field;
    this.offset = fault.offset;
    this.payloadNumber = fault.payloadNumber;
  }
}
