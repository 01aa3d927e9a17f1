// `npm run docs`: prints the pages that come from tables. test/cli/print-docs.test.ts fails where a
// page in the tree differs from what this prints.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  algorithmsPage,
  algorithmTables,
  configurationPage,
  intoMarks,
  table,
} from '../config/reference.js';
import { buildSchema } from '../config/schema.js';
import { COUNTERS } from '../daemon/counter-names.js';
import { packageRoot } from './version.js';

interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Every printed page, as it must be. */
export function printedPages(): Page[] {
  const readme = 'README.md';
  const operating = 'docs/operating.md';
  return [
    { path: 'schema/culvert.schema.json', text: `${JSON.stringify(buildSchema(), null, 2)}\n` },
    { path: 'docs/configuration.md', text: configurationPage() },
    { path: 'docs/algorithms.md', text: algorithmsPage() },
    { path: readme, text: readmePage(read(readme)) },
    { path: operating, text: intoMarks(read(operating), 'counters', `\n${counterTable()}\n`) },
  ];
}

/** The examples are files of their own, which a test loads; the README shows them whole. */
function readmePage(page: string): string {
  const example = (name: string): string =>
    `\n\`\`\`json\n${read(`docs/examples/${name}`)}\`\`\`\n`;
  const withExamples = ['west.json', 'east.json'].reduce(
    (text, name) => intoMarks(text, name, example(name)),
    page,
  );
  return intoMarks(withExamples, 'algorithms', `\n${algorithmTables()}\n`);
}

const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8');

function counterTable(): string {
  const rows = COUNTERS.map(({ name, cause, remedy }) => [`\`${name}\``, cause, remedy || '–']);
  return table(['counter', 'what raises it', 'what to do'], rows);
}

const started = process.argv[1];
if (started && import.meta.url === pathToFileURL(started).href) {
  for (const { path, text } of printedPages()) writeFileSync(join(packageRoot, path), text);
}
