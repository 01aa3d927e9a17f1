// What a mode-config entry may say in its role, and the ranges of pools.
import { type Rule, readable } from './found.js';
import { isDefault } from './menu.js';
import { menuNamed } from './menus.js';
import { show } from './problem.js';

const rows = menuNamed('mode-config')!.properties;

/** Each role has its own properties (`only` of the table). */
export const modeConfigsFit: Rule = (c, problems) => {
  for (const { path, entry, written, unread } of readable(c.modeConfigs, 'responder')) {
    const role = `responder=${entry.responder ? 'yes' : 'no'}`;
    for (const row of rows) {
      const value = (entry as Record<string, unknown>)[row.name];
      if (row.only === undefined || row.only === role || unread.has(row.name)) continue;
      if (isDefault(row, value)) continue;
      const expected = `nothing: it is for ${row.only}`;
      problems.push({ path: `${path}.${row.name}`, value: show(written[row.name]), expected });
    }
    if (!unread.has('static-dns') && entry['static-dns'].length > 0 && entry['system-dns']) {
      const expected = 'no: static-dns and system-dns exclude each other';
      problems.push({ path: `${path}.system-dns`, value: '"yes"', expected });
    }
    if (entry.address !== undefined && entry['address-pool'] !== undefined) {
      const expected = 'nothing: address gives one address already';
      problems.push({ path: `${path}.address-pool`, value: show(entry['address-pool']), expected });
    }
  }
};

/** A chain of pools that comes back to its start would be searched without end. */
export const poolsEnd: Rule = (c, problems) => {
  const next = new Map(
    readable(c.pools, 'name', 'next-pool').map(({ entry }) => [entry.name, entry['next-pool']]),
  );
  for (const { path, entry } of readable(c.pools, 'name', 'next-pool')) {
    let at = entry['next-pool'];
    for (let steps = 0; at !== undefined && at !== entry.name && steps <= next.size; steps++) {
      at = next.get(at);
    }
    if (at !== entry.name) continue;
    const expected = 'a pool that does not lead back to this one';
    problems.push({ path: `${path}.next-pool`, value: show(entry['next-pool']), expected });
  }
};
