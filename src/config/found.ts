// Which of the found entries a rule may look at. A rule passes over an entry whose properties it
// needs could not be read, so that each error is named once, and all of them at once.
import type { Menu } from './menu.js';
import type { Problem } from './problem.js';
import type { Configuration, Found } from './read.js';

export type Rule = (configuration: Configuration, problems: Problem[]) => void;

/** Entries of which these properties could be read. */
export const readable = <F extends Found<Menu>>(
  found: readonly F[],
  ...properties: readonly string[]
): F[] => found.filter(({ unread }) => properties.every((name) => !unread.has(name)));

export const isDisabled = ({ entry }: Found<Menu>): boolean =>
  (entry as { disabled?: boolean }).disabled === true;

/** The same, without the disabled ones. */
export const enabled = <F extends Found<Menu>>(found: readonly F[], ...properties: string[]): F[] =>
  readable(found, 'disabled', ...properties).filter((one) => !isDisabled(one));

export const namesOf = (found: readonly Found<Menu>[]): string[] =>
  found.map(({ written }) => written.name).filter((name) => typeof name === 'string');

/** What there is under each key: of ten thousand entries nobody looks through all for each. */
export function groupBy<K, F>(list: readonly F[], keyOf: (one: F) => K): ReadonlyMap<K, F[]> {
  const groups = new Map<K, F[]>();
  for (const one of list) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}
