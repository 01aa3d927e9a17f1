// One visit of the doctor: the file as it is now, the running gateway if there is one, every peer or one.
import { isDeepStrictEqual } from 'node:util';
import { load } from '../config/load.js';
import { type Diagnosis, diagnose } from './doctor.js';
import { gather, type LiveFacts, peersOf } from './doctor-facts.js';

/** What of a running gateway a visit needs. */
export interface Ward {
  readonly file: () => Readonly<Record<string, unknown>>;
  examine(peer: string): LiveFacts;
}

/** So many probes are under way at once; our own choice. */
const AT_ONCE = 16;

/** `path` is the file; without a `ward` no daemon runs. */
export async function visit(
  path: string,
  ward: Ward | undefined,
  peer: string | undefined,
): Promise<Diagnosis[]> {
  const loaded = load(path);
  const stale = loaded.ok && ward !== undefined && !isDeepStrictEqual(loaded.file, ward.file());
  const named = peer === undefined ? peersOf(loaded) : [peer];
  // A file with errors, or without a peer, has one diagnosis: that.
  const names = named.length > 0 ? named : ['(any)'];
  const diagnoses: Diagnosis[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE).map(async (name) => {
      return diagnose(await gather(name, loaded, ward?.examine(name), stale));
    });
    diagnoses.push(...(await Promise.all(some)));
  }
  return diagnoses;
}
