// Encrypted messages that are too large for one packet, as several (RFC 7383). Each fragment is sealed
// by itself, so that nothing a stranger sends is kept:
//   split     the chain's bytes over fragments that fit the profile's fragment-size (§2.5)
//   collect   window: done by the caller → new? → authentic? → kept, until the set is whole (§2.6)
// What is kept is bounded: per message, and over all IKE SAs, where the oldest set goes first.
import type { MessageHeader } from '../wire/header.js';
import { encodeFragment, fragmentRoom, padPlaintext } from '../wire/message.js';
import type { EncryptedFragmentPayload } from '../wire/payloads/encrypted.js';
import type { Protection } from '../crypto/protection.js';
import type { Work } from './exchange.js';
import type { IkeSa } from './sa.js';

// Our own limits. A chain of certificates is some KiB.
const MAX_FRAGMENTS = 256;
const MAX_MESSAGE_BYTES = 65_535;
/** UDP's header, and the non-ESP marker that stands before the message on port 4500 (RFC 3948). */
const UDP_BYTES = 8 + 4;
const IP_BYTES = { 4: 20, 6: 40 } as const;

/** A message of which fragments have come, all of them authentic. */
export interface Partial {
  readonly messageId: number;
  readonly total: number;
  /** Plaintexts by fragment number, their padding still on. */
  readonly parts: Map<number, Uint8Array>;
  bytes: number;
  /** What fragment 1 brought: Next Payload of the whole chain (§2.5), and itself as it came. */
  firstPayload: number;
  original: Uint8Array;
}

export type PartialSide = 'request' | 'response';

/** A message put together; `original` is what its repetition will be known by (§2.6.1). */
export interface Whole {
  readonly firstPayload: number;
  readonly plaintexts: readonly Uint8Array[];
  readonly original: Uint8Array;
}

/** The largest IKE message that goes in one packet towards this peer. */
export const largestMessage = ({ peer, remote }: IkeSa): number =>
  peer.profile.fragmentSize - IP_BYTES[remote.address.family] - UDP_BYTES;

/** The messages that carry the chain `first`, `bytes`: in fragments of at most `largest` bytes. */
export function split(
  header: MessageHeader,
  { first, bytes }: { readonly first: number; readonly bytes: Uint8Array },
  protection: Protection,
  largest: number,
): Uint8Array[] {
  const room = fragmentRoom(largest, protection);
  const total = Math.ceil(bytes.length / room);
  return Array.from({ length: total }, (_, index) => {
    const part = bytes.subarray(index * room, (index + 1) * room);
    const plaintext = padPlaintext(part, protection.blockBytes);
    const place = { fragmentNumber: index + 1, totalFragments: total };
    // §2.5: only the first names the first payload inside.
    return encodeFragment(header, index === 0 ? first : 0, place, plaintext, protection);
  });
}

/** Takes one fragment; the message where it was the last one missing, else why nothing follows. */
export function collect(
  work: Work,
  header: Pick<MessageHeader, 'flags' | 'messageId'>,
  payload: EncryptedFragmentPayload,
  message: Uint8Array,
): Whole | string {
  const { world, sa } = work;
  const { fragmentNumber, totalFragments, firstPayload } = payload;
  if (!sa.fragmentation) return 'a fragment, without an agreement on fragments';
  if (totalFragments > MAX_FRAGMENTS) return `a message of ${totalFragments} fragments`;
  const side = header.flags.response ? 'response' : 'request';
  const kept = sa.partials[side];
  const known = kept?.messageId === header.messageId ? kept : undefined;
  if (known && totalFragments < known.total) return 'a fragment of an earlier, coarser set';
  if (known?.total === totalFragments && known.parts.has(fragmentNumber)) return 'a fragment again';
  const plaintext = sa.secured?.inbound.open(payload.aad, payload.body);
  if (!plaintext) return 'not authentic';
  let partial = known;
  // §2.6: the peer has cut the message anew, into smaller pieces; or it is another message.
  if (partial?.total !== totalFragments) {
    partial = begin(header.messageId, totalFragments);
    world.partials.put(sa, side, partial);
  }
  if (partial.bytes + plaintext.length > MAX_MESSAGE_BYTES) {
    world.partials.remove(sa, side);
    return 'fragments of a message that is too large';
  }
  partial.parts.set(fragmentNumber, plaintext);
  if (fragmentNumber === 1) Object.assign(partial, { firstPayload, original: message.slice() });
  world.partials.grow(partial, plaintext.length);
  if (partial.parts.size < partial.total) return '';
  world.partials.remove(sa, side);
  const numbers = Array.from({ length: partial.total }, (_, index) => index + 1);
  const plaintexts = numbers.map((number) => partial.parts.get(number)!);
  return { firstPayload: partial.firstPayload, plaintexts, original: partial.original };
}

const begin = (messageId: number, total: number): Partial => ({
  messageId,
  total,
  parts: new Map(),
  bytes: 0,
  firstPayload: 0,
  original: new Uint8Array(0),
});

/** The sets of all IKE SAs, the oldest first. */
export class PartialStore {
  readonly #limit: number;
  readonly #owners = new Map<Partial, { readonly sa: IkeSa; readonly side: PartialSide }>();
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** In the place of the one that is there. */
  put(sa: IkeSa, side: PartialSide, partial: Partial): void {
    this.remove(sa, side);
    sa.partials[side] = partial;
    this.#owners.set(partial, { sa, side });
  }

  /** The newest may stay whatever its size: it is bounded by itself. */
  grow(partial: Partial, bytes: number): void {
    partial.bytes += bytes;
    this.#bytes += bytes;
    for (const [oldest, { sa, side }] of this.#owners) {
      if (this.#bytes <= this.#limit || oldest === partial) return;
      this.remove(sa, side);
    }
  }

  remove({ partials }: IkeSa, side: PartialSide): void {
    const partial = partials[side];
    if (!partial) return;
    partials[side] = undefined;
    this.#owners.delete(partial);
    this.#bytes -= partial.bytes;
  }

  /** Of an IKE SA that is gone. */
  removeAll(sa: IkeSa): void {
    this.remove(sa, 'request');
    this.remove(sa, 'response');
  }
}
