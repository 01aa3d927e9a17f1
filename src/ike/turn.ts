// One turn of an IKE SA: what was asked for, then what the SA wants next, then what follows for others from
// how it is now. Turns of one SA come one after another; those of other SAs go on while this one waits.
import { failed } from './connection.js';
import { Ended, type Work } from './exchange.js';
import { noteExpected } from './expected.js';
import { removeChild } from './parts/child.js';
import { releaseAssigned } from './parts/configuration.js';
import { forget } from './parts/keys.js';
import { noteSession } from './sessions.js';
import { pump } from './tasks.js';

export async function takeTurn(
  here: Work,
  work: (work: Work) => Promise<void> | void,
): Promise<void> {
  const { sa, world } = here;
  try {
    if (sa.state !== 'dead') await work(here);
    if (sa.state !== 'dead') await pump(here);
  } catch (error) {
    if (!(error instanceof Ended)) failed(here, error);
  }
  // Another's turn may have ended it while this one waited: whatever this one made of it, it stays ended.
  if (!world.store.has(sa)) sa.state = 'dead';
  noteSession(here);
  noteExpected(here);
  world.store.changed.add(sa);
  if (sa.state !== 'dead') return;
  for (const child of [...sa.children.values()]) removeChild(here, child);
  world.partials.removeAll(sa);
  forget(sa);
  releaseAssigned(here);
}
