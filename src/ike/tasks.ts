// What an IKE SA wants from its peer, one thing at a time: the next task goes out when nothing waits
// for an answer (the window is one) and the SA is in a state for it.
import { isDynamic } from '../policy/database.js';
import type { Work } from './exchange.js';
import { endSpare } from './failover.js';
import { type Child, type IkeSa, isClosing, type Task } from './sa.js';
import { closeChildren } from './timers.js';
import { startCreateChild } from './v2/create-child.js';
import {
  beginClosing,
  startDeleteChild,
  startDeleteIke,
  startDeleteSpis,
  startLiveness,
  startRejectAuth,
} from './v2/informational.js';
import { startTell } from './v2/further-addresses.js';
import { startProbe } from './v2/probe.js';
import { endAfterRenewal, endRenewed, startTellLifetime } from './v2/reauthentication.js';
import { startRekeyIke } from './v2/rekey-ike.js';
import { startUpdate } from './v2/relocation.js';
import { startCheckPath } from './v2/routability.js';
import { startSaInit } from './v2/sa-init.js';

/** Starts one task; false: it has become needless. */
async function start(work: Work, task: Task): Promise<boolean> {
  switch (task.kind) {
    case 'create-child':
    case 'rekey-child':
      return startCreateChild(work, task);
    case 'rekey-ike':
      return startRekeyIke(work, task);
    case 'delete-child':
      return startDeleteChild(work, task);
    case 'delete-spis':
      return startDeleteSpis(work, task);
    case 'close-policies':
      closeChildren(work, childrenOf(work.sa, task.policies));
      return false;
    case 'end-spare':
      return endSpare(work);
    case 'delete-ike':
      return startDeleteIke(work, task);
    case 'reject-auth':
      return startRejectAuth(work, task);
    case 'end-renewed':
      return endRenewed(work);
    case 'end-after-renewal':
      return endAfterRenewal(work);
    case 'update-addresses':
      return startUpdate(work);
    case 'tell-addresses':
      return startTell(work, task);
    case 'tell-lifetime':
      return startTellLifetime(work, task);
    case 'check-path':
      return startCheckPath(work, task);
    case 'liveness':
      return startLiveness(work, task);
    case 'probe':
      return startProbe(work, task);
    default:
      return false; // the two first exchanges follow from the state, see below
  }
}

const childrenOf = ({ children }: IkeSa, policies: ReadonlySet<number>): Child[] =>
  [...children.values()].filter(({ policy }) =>
    isDynamic(policy) ? policy.templates.some((id) => policies.has(id)) : policies.has(policy.id),
  );

/** Sends the next request, if there is one to send. */
export async function pump(work: Work): Promise<void> {
  const { world, sa } = work;
  if (sa.state === 'idle') {
    sa.state = await startSaInit(work);
    return;
  }
  // An IKE SA that must go does nothing else, and waits only for the answer it has asked for.
  const last = sa.tasks.find(isClosing);
  if (last && sa.secured && sa.state !== 'dead') {
    if (sa.state !== 'deleting') beginClosing(work, last);
    if (sa.window.pending) return;
    sa.tasks.length = 0;
    await start(work, last);
    return;
  }
  if (sa.state !== 'established') return;
  while (!sa.window.pending && sa.tasks.length > 0) {
    if (sa.times.tasksAt !== undefined && sa.times.tasksAt > world.context.now()) return;
    sa.times.tasksAt = undefined;
    if (await start(work, sa.tasks.shift()!)) return;
  }
}
