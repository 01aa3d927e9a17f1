// Policies with several peers, for the doctor: which of them is in use, and why those before it are not.
import { peersOf } from '../policy/database.js';
import { type Answer, ago, fine, unknown } from './doctor-answer.js';
import type { BackupFacts, DoctorFacts, PeerFacts } from './doctor-facts.js';
import type { LiveSources } from './doctor-live.js';

export function backupFacts(name: string, sources: LiveSources): BackupFacts[] {
  const { built, engine } = sources;
  const used = new Map(engine.policies().map(({ policy, peer }) => [policy, peer]));
  return built()
    .databases.policies.filter((policy) => policy.action === 'encrypt')
    .map((policy) => ({ id: policy.id, number: policy.place, peers: peersOf(policy) }))
    .filter(({ peers }) => peers.length > 1 && peers.includes(name))
    .map(({ id, number, peers }) => {
      const inUse = used.get(id);
      const at = inUse === undefined ? peers.length : peers.indexOf(inUse);
      return {
        number,
        peers: peers.map((peer, place): PeerFacts => {
          if (place === at) return { name: peer, state: 'in use' };
          if (place > at) return { name: peer, state: 'stands by' };
          return { name: peer, state: 'fails', ...reasonOf(peer, sources) };
        }),
      };
    });
}

/** The last thing that went wrong with it. */
function reasonOf(
  name: string,
  { built, engine, ailments, names }: LiveSources,
): Pick<PeerFacts, 'why' | 'at'> {
  const naming = names().find(({ peer }) => peer === name)?.trouble;
  if (naming !== undefined) return { why: naming };
  const entry = built().databases.peers.find((peer) => peer.name === name);
  if (!entry) return { why: 'it is disabled or not started' };
  const [last] = [...ailments.of(name).ailments].sort((a, b) => b.at - a.at);
  if (last) return { why: last.text, at: last.at };
  const asked = engine.peers().some(({ peer, state }) => peer === name && state !== 'expired');
  if (asked) return { why: 'it is being asked' };
  return { why: entry.passive ? 'it has not called, and is passive' : 'it is called next' };
}

/** Never wrong in itself: what is wrong with a peer is found when that is looked at. */
export function backups({ backups: all, now }: DoctorFacts): Answer {
  if (all.length === 0) return fine('no policy of it has several peers');
  const text = all.map(({ number, peers }) => `policy ${number}: ${sentence(peers, now)}`);
  const down = all.some(({ peers }) => !peers.some(({ state }) => state === 'in use'));
  return (down ? unknown : fine)(text.join('; '));
}

function sentence(peers: readonly PeerFacts[], now: number): string {
  const inUse = peers.find(({ state }) => state === 'in use');
  const waiting = peers.filter(({ state }) => state === 'stands by').map(({ name }) => name);
  const failing = peers
    .filter(({ state }) => state === 'fails')
    .map(({ name, why = '', at }) => {
      return `${name} is not (${why}${at === undefined ? '' : `, ${ago(now - at)}`})`;
    });
  const standing = waiting.length === 0 ? [] : [`${waiting.join(' and ')} may take over`];
  const used = inUse ? `${inUse.name} is in use` : 'no peer is in use';
  return [used, ...failing, ...standing].join(', ');
}
