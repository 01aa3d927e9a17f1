// The pages that are printed from tables: docs/configuration.md from the menus, docs/algorithms.md
// from the registry. `npm run docs` writes them; a test fails when one is stale.
import { ENCRYPTION } from '../algorithms/encryption.js';
import { GROUP } from '../algorithms/group.js';
import { INTEGRITY } from '../algorithms/integrity.js';
import { PRF } from '../algorithms/prf.js';
import type { AlgorithmRow } from '../algorithms/transform.js';
import { code, table } from './markdown.js';
import { MENUS, PRINTED_MENUS } from './menus.js';
import { menuSection, printedSection } from './reference-menus.js';

export { table } from './markdown.js';

const PRINTED = '<!-- Printed by `npm run docs`; edit the table in src instead. -->';
// ---- docs/configuration.md ---------------------------------------------------------------------

const INTRODUCTION = `# Configuration

${PRINTED}

The configuration is one JSON file. Its menus and properties are those of RouterOS's \`/ip ipsec\`,
with the same names and values; what RouterOS does not have is marked *ours*. \`culvert check FILE\`
names every error with its path, its value and what was expected. \`schema/culvert.schema.json\` is
the same table for editors: put \`"$schema": "…/culvert.schema.json"\` at the top of the file.

A menu is a list of entries (\`"peer": [ { … }, { … } ]\`) or one object (\`"tun": { … }\`). Values:

- **yes | no**: also \`true\` and \`false\`.
- **time**: \`"30m"\`, \`"1h30m"\`, \`"1d"\`, \`"00:30:00"\`, or a number of seconds.
- **integer**: a number, or the same as a string.
- **list**: \`"sha256,sha512"\` or \`["sha256", "sha512"]\`, the most wanted first.
- **IP prefix**: \`"192.0.2.0/24"\`, \`"2001:db8::/32"\`; without a length it is one host. Host bits
  must be zero.
- **string | 0x…**: text, taken as UTF-8, or bytes in hexadecimal after \`0x\`.

The column *state* names the tests that show a property's effect, or what it waits for. A value that
waits is read and checked in full, and never taken without a word: it is an error, or the peer that
needs it is not started and says why (its policies drop their packets), or the entry is set aside with
a warning. \`culvert check\` says which.

Where RouterOS's default is unsafe today, ours differs: the column *default* then names both, and the
reason stands below the table. The old value can still be written; \`culvert check\` warns of it.
`;

export function configurationPage(): string {
  const sections = [...MENUS.map(menuSection), ...PRINTED_MENUS.map(printedSection)];
  return `${[INTRODUCTION + shownOf(), ...sections].join('\n')}`;
}

/** How much of the table is shown; that its tests do so is held by test/config/shown.test.ts. */
function shownOf(): string {
  const rows = [...MENUS, ...PRINTED_MENUS].flatMap((menu) => [
    ...('properties' in menu ? menu.properties : []),
    ...(menu.computed ?? []),
  ]);
  const { length } = rows.filter(({ shown }) => shown !== undefined);
  return (
    `\nOf ${rows.length} properties ${length} have a test of their effect; the other ` +
    `${rows.length - length} wait.\n`
  );
}

// ---- docs/algorithms.md ------------------------------------------------------------------------

const STATUS: Readonly<Record<AlgorithmRow['status'], string>> = {
  must: 'recommended',
  should: 'good',
  legacy: 'weak: old peers only',
  off: 'broken: tests and very old peers only',
};

export function algorithmsPage(): string {
  return `# Algorithms

${PRINTED}

Printed from the registry, \`src/algorithms\`. *profile* is the name in the menu \`profile\` (IKE
messages), *proposal* the name in the menu \`proposal\` (ESP packets); a dash means it is not used
there. No algorithm that is weak or broken is on by default.

${algorithmTables()}
`;
}

/** The four tables, as they also stand in the README. */
export function algorithmTables(): string {
  const dash = (value: string | number | undefined): string =>
    value === undefined || value === 0 ? '–' : String(value);
  const bits = (bytes: number): string => dash(bytes * 8);
  const common = (row: AlgorithmRow): string[] => [row.rfc, STATUS[row.status]];
  const names = (row: AlgorithmRow): string[] =>
    [row.profile, row.proposal].map((name) => (name === undefined ? '–' : code(name)));
  return [
    '### Encryption\n',
    table(
      ['profile', 'proposal', 'key bits', 'ICV bits', 'AEAD', 'reference', 'status', 'mind'],
      ENCRYPTION.map((row) => [
        ...names(row),
        bits(row.keyBytes),
        bits(row.icvBytes),
        row.aead ? 'yes' : 'no',
        ...common(row),
        row.caution ?? '',
      ]),
    ),
    '\n### Integrity\n',
    table(
      ['profile', 'proposal', 'key bits', 'ICV bits', 'reference', 'status'],
      INTEGRITY.map((row) => [
        ...names(row),
        bits(row.keyBytes),
        bits(row.icvBytes),
        ...common(row),
      ]),
    ),
    '\n### Pseudo-random functions (`hash-algorithm` of the profile)\n',
    table(
      ['profile', 'output bits', 'reference', 'status'],
      PRF.map((row) => [code(row.name), bits(row.keyBytes), ...common(row)]),
    ),
    '\n### Diffie-Hellman groups (`dh-group`, `pfs-group`)\n',
    table(
      ['name', 'IKEv2 number', 'kind', 'public value, bytes', 'reference', 'status'],
      GROUP.map((row) => [
        code(row.name),
        String(row.ikev2),
        row.kind,
        String(row.publicBytes),
        ...common(row),
      ]),
    ),
  ].join('\n');
}

/** Puts `printed` between the two marks `<!-- NAME -->` and `<!-- /NAME -->` of a page. */
export function intoMarks(page: string, name: string, printed: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [page.indexOf(open), page.indexOf(close)];
  if (start < 0 || end < start) throw new Error(`the page has no marks ${open} … ${close}`);
  return `${page.slice(0, start + open.length)}\n${printed}\n${page.slice(end)}`;
}
