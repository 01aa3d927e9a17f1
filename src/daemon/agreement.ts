// Key agreement off the main thread: groups that the registry calls slow (modp8192 takes some 9 ms an
// operation) run in a thread of their own, so that timers and other peers never wait for them.
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { groupNamed } from '../algorithms/group.js';
import { type Agreement, AgreementError, localAgreement } from '../crypto/agreement.js';
import type { AgreementAnswer, AgreementTask } from './agreement-worker.js';

export interface ThreadedAgreement extends Agreement {
  close(): Promise<void>;
}

/** The thread starts with the first slow group that is asked for, and one thread keeps all shares. */
export function threadedAgreement(): ThreadedAgreement {
  let pool: Piscina<AgreementTask, AgreementAnswer> | undefined;
  const run = async (task: AgreementTask): Promise<AgreementAnswer> => {
    pool ??= new Piscina({
      filename: fileURLToPath(new URL('./agreement-worker.js', import.meta.url)),
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
    });
    const answer = await pool.run(task);
    if ('refused' in answer) throw new AgreementError(answer.refused);
    return answer;
  };
  return {
    async generate(group) {
      if (!groupNamed(group).slow) return localAgreement.generate(group);
      const made = await run({ kind: 'generate', group });
      if (!('id' in made)) throw new Error(`${group}: the agreement thread answered out of turn`);
      return {
        group,
        publicValue: made.publicValue,
        async derive(peerPublic) {
          const derived = await run({ kind: 'derive', id: made.id, peerPublic });
          if (!('secret' in derived)) throw new Error(`${group}: an answer out of turn`);
          return derived.secret;
        },
      };
    },
    async close() {
      await pool?.destroy();
    },
  };
}
