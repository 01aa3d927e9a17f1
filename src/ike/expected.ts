// An SPI of ours that is offered and has no SA yet. The peer may send as soon as it has answered (RFC 7296
// §2.8), and what it sends may overtake the answer: the data plane keeps a few such packets, so it is told
// which SPI may be meant and where they come from.
import { sameAddress } from '../policy/address.js';
import type { Work } from './exchange.js';
import type { IkeSa } from './sa.js';

/** The window is one, so there is one at most: of IKE_AUTH, all rounds of it, or of CREATE_CHILD_SA. */
function offered({ state, handshake, window }: IkeSa): number | undefined {
  if (state === 'dead') return undefined;
  const task = window.pending?.task;
  const asked = task?.kind === 'create-child' || task?.kind === 'rekey-child' ? task : handshake;
  return asked && ('offer' in asked ? asked.offer?.spi : asked.child?.spi);
}

/** At the end of each turn: whatever it did, the data plane hears of it. */
export function noteExpected({ sa, step }: Pick<Work, 'sa' | 'step'>): void {
  const spi = offered(sa);
  const before = sa.expected;
  const { address } = sa.remote;
  if (before?.spi === spi && (!before || sameAddress(before.remote, address))) return;
  if (before && before.spi !== spi) step.expected.push({ settled: before.spi });
  sa.expected = spi === undefined ? undefined : { spi, remote: address };
  if (sa.expected) step.expected.push({ expect: sa.expected });
}
