// A peer and an authenticator that speak to each other without IKE in between.
import { EapPeer, type Offered, type PeerOutcome } from '../../src/eap/peer.js';
import { LocalConversation, type OfferedMethod } from '../../src/eap/local.js';
import type { Verdict } from '../../src/eap/authenticator.js';
import { Random } from '../wire/random.js';

export const randomOf = (seed: number) => {
  const random = new Random(seed);
  return (count: number): Uint8Array => random.bytes(count);
};

export interface Ends {
  readonly peer: { readonly identity: string; readonly methods: readonly Offered[] };
  readonly server: readonly OfferedMethod[];
}

export interface Talk {
  readonly verdict: Verdict;
  readonly outcome: PeerOutcome;
  /** What the peer was asked, and what it answered, in turn. */
  readonly packets: readonly Uint8Array[];
}

/** May change a packet on its way. */
export type Meddle = (packet: Uint8Array, at: number) => Uint8Array;

/** Until one side has nothing more to say. */
export async function talk({ peer: options, server }: Ends, meddle?: Meddle): Promise<Talk> {
  const peer = new EapPeer(options);
  const conversation = new LocalConversation(server, 0xfe);
  const packets: Uint8Array[] = [];
  const carry = (packet: Uint8Array): Uint8Array => {
    const carried = meddle?.(packet, packets.length) ?? packet;
    packets.push(carried);
    return carried;
  };
  let verdict = await conversation.begin();
  for (;;) {
    const outcome = await peer.respond(carry(verdict.packet));
    if (outcome.kind !== 'response' || verdict.kind !== 'request') {
      peer.close();
      conversation.close();
      return { verdict, outcome, packets };
    }
    verdict = await conversation.answer(carry(outcome.packet));
  }
}
