// Values whose effect is still to be built: refused, or the reason why a peer is not started. None is
// taken and then not carried out.
import { enabled, groupBy, type Rule } from './found.js';
import { type Menu, type Property, waitsFor } from './menu.js';
import { MENUS } from './menus.js';
import { METHOD_WAITS } from './menus/identity.js';
import { show } from './problem.js';
import type { Configuration, Found } from './read.js';

/** One value that waits. */
export interface Waiting {
  readonly path: string;
  readonly value: string;
  /** Completes "… is not there yet". */
  readonly what: string;
}

/** The values of an entry that wait for something, with what happens until then. */
function waitingIn(menu: Menu, found: Found<Menu>, meanwhile: string): Waiting[] {
  return rowsThatWait(menu, meanwhile).flatMap((row) => {
    if (found.unread.has(row.name)) return [];
    const value = (found.entry as Record<string, unknown>)[row.name];
    const what = waitsFor(row, value);
    if (what === undefined) return [];
    const written = row.kind.secret ? '[hidden]' : show(found.written[row.name]);
    const method = row.name === 'auth-method' ? METHOD_WAITS[value as string] : undefined;
    return [{ path: `${found.path}.${row.name}`, value: written, what: method ?? what }];
  });
}

/** Looked up for each of thousands of entries. */
const waiting = new Map<string, readonly Property[]>();
function rowsThatWait(menu: Menu, meanwhile: string): readonly Property[] {
  const key = `${menu.name} ${meanwhile}`;
  const known =
    waiting.get(key) ?? menu.properties.filter(({ later }) => later?.meanwhile === meanwhile);
  waiting.set(key, known);
  return known;
}

export const laterIsRefused: Rule = (c, problems) => {
  for (const { menu, found } of c.all) {
    for (const one of enabled(found)) {
      for (const { path, value, what } of waitingIn(menu, one, 'refused')) {
        const row = menu.properties.find(({ name }) => path.endsWith(`.${name}`))!;
        const shown = String(row.default ?? '') || 'nothing';
        const word = shown === 'false' ? 'no' : shown === 'true' ? 'yes' : shown;
        problems.push({ path, value, expected: `${word}: ${what} is not there yet` });
      }
    }
  }
};

/** Entries that are set aside, with why. */
export const setAside = (c: Configuration): Waiting[] =>
  c.all.flatMap(({ menu, found }) =>
    enabled(found).flatMap((one) => waitingIn(menu, one, 'entry')),
  );

/**
 * Why peers are not started, by name: their own values, their profile's, those of any identity of
 * theirs. One identity is enough: without it the peer could get in by another that was not meant.
 */
export function notStarted(c: Configuration): Map<string, Waiting[]> {
  const reasons = new Map<string, Waiting[]>();
  const menu = (name: string): Menu => MENUS.find((one) => one.name === name)!;
  const profilesOf = groupBy(c.profiles, ({ entry }) => entry.name);
  const identitiesOf = groupBy(enabled(c.identities), ({ entry }) => entry.peer);
  for (const peer of enabled(c.peers)) {
    const profiles = profilesOf.get(peer.entry.profile) ?? [];
    const identities = identitiesOf.get(peer.entry.name) ?? [];
    // RouterOS takes such a peer, too; no exchange with it could ever succeed.
    const nobody = { path: peer.path, value: 'no identity', what: 'an identity for it' };
    const waiting = [
      ...(identities.length > 0 ? [] : [nobody]),
      ...waitingIn(menu('peer'), peer, 'peer'),
      ...profiles.flatMap((one) => waitingIn(menu('profile'), one, 'peer')),
      ...identities.flatMap((one) => waitingIn(menu('identity'), one, 'peer')),
    ];
    if (waiting.length > 0) reasons.set(peer.entry.name, waiting);
  }
  return reasons;
}
