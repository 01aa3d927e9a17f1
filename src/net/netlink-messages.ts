// The kernel's side of netlink: datagrams cut into messages, and what an answer says of a failure.
import { align4, decodeAttributes, textOf, u32Of } from './attributes.js';
import { type Advice, SystemError } from './libc.js';
import {
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_HEADER,
  NLMSGERR_ATTR_MSG,
} from './linux.js';

/** What an error says of a request. */
export interface Named {
  readonly what: string;
  readonly advice?: Advice;
}

/** One netlink message: its header's fields and what follows. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Cuts a datagram into messages; one whose length does not fit ends it. */
export function messages(bytes: Uint8Array): Message[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Message[] = [];
  for (let at = 0; at + NLMSG_HEADER <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < NLMSG_HEADER || at + length > bytes.length) break;
    found.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      payload: bytes.subarray(at + NLMSG_HEADER, at + length),
    });
    at += align4(length);
  }
  return found;
}

/** Throws where an acknowledgement (struct nlmsgerr) or the end of a dump carries an errno. */
export function raise({ type, flags, payload }: Message, { what, advice }: Named): void {
  const error = -((u32Of(payload) ?? 0) | 0);
  if (error === 0) return;
  let said = '';
  if ((flags & NLM_F_ACK_TLVS) !== 0) {
    // The request follows the errno: its header only when capped or when it is a dump's end.
    const echoed = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const whole = type === NLMSG_ERROR && (flags & NLM_F_CAPPED) === 0 && payload.length >= 8;
    const skip = type === NLMSG_DONE ? 4 : 4 + (whole ? echoed.getUint32(4, true) : NLMSG_HEADER);
    said = textOf(decodeAttributes(payload.subarray(align4(skip))).get(NLMSGERR_ATTR_MSG)) ?? '';
  }
  throw new SystemError('netlink', what, error, advice, said);
}
