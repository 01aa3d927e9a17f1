// One section of docs/configuration.md for each menu: what may be written, what is computed, and for
// every property the state of its effect and the test that shows it.
import type { Computed, Menu, PrintedMenu, Property } from './menu.js';
import { code, table } from './markdown.js';

/** Head, table, why our defaults differ, then what is computed. */
export function menuSection(menu: Menu): string {
  const rows = menu.properties.map((row) => [
    code(row.name) + (row.ours ? ' (ours)' : ''),
    row.kind.notation,
    defaultOf(row),
    row.only === undefined ? row.text : `${row.text} Only with ${row.only}.`,
    stateOf(row, menu),
  ]);
  const reasons = menu.properties
    .filter((row) => row.because !== undefined)
    .map(
      (row) => `- ${code(row.name)}: RouterOS's default is ${code(row.routeros!)}. ${row.because}`,
    );
  const waits = menu.later === undefined ? '' : ` Not used yet: ${menu.later} is not there yet.`;
  const computed = menu.computed ?? [];
  return [
    `## ${menu.name}\n`,
    `${menu.text} ${menu.list ? 'A list of entries.' : 'One object.'}${waits}\n`,
    table(['property', 'value', 'default', 'meaning', 'state'], rows),
    reasons.length === 0 ? '' : `\nWhere our default differs:\n\n${reasons.join('\n')}`,
    computed.length === 0 ? '' : `\nRead-only:\n\n${computedTable(computed)}`,
    '',
  ]
    .filter((part, at, all) => part !== '' || at === all.length - 1)
    .join('\n');
}

/** A menu that is only printed. */
export function printedSection(menu: PrintedMenu): string {
  const commands = menu.commands.map((name) => code(`culvert ${menu.name} ${name}`)).join(', ');
  return [
    `## ${menu.name}\n`,
    `${menu.text} Read-only.${commands === '' ? '' : ` Commands: ${commands}.`}\n`,
    computedTable(menu.computed),
    '',
  ].join('\n');
}

const computedTable = (rows: readonly Computed[]): string =>
  table(
    ['property', 'value', 'meaning', 'state'],
    rows.map((row) => [
      code(row.name) + (row.ours ? ' (ours)' : ''),
      row.notation,
      row.text,
      row.shown ? tests(row.shown) : `waits for ${row.later}`,
    ]),
  );

/** Both where a part of the values waits. */
function stateOf({ shown, later }: Property, menu: Menu): string {
  const waits = later?.what ?? menu.later;
  return [shown && tests(shown), waits && `waits for ${waits}`]
    .filter((part) => part !== undefined)
    .join('; ');
}

const tests = (shown: readonly string[]): string =>
  shown.map((path) => `[${path.replace('.test.ts', '')}](../test/${path})`).join(', ');

/** As RouterOS prints it: yes and no, and nothing for the empty string. */
function defaultOf({ default: value, routeros }: Property): string {
  const text = value === true ? 'yes' : value === false ? 'no' : String(value);
  const given = text === '' ? 'not set' : code(text);
  const ours = value === undefined ? 'must be written' : given;
  return routeros === undefined ? ours : `${ours} (RouterOS: ${code(routeros)})`;
}
