// The words behind a verb, in RouterOS's notation: targets, `name=value`, `where name=value`.
import { UserError } from './socket.js';

export interface Words {
  readonly targets: readonly string[];
  readonly properties: readonly (readonly [name: string, value: string])[];
}

/** `0 name=value !name`: an empty value, or `!`, takes a property back. */
export function parseWords(words: readonly string[]): Words {
  const targets: string[] = [];
  const properties: [string, string][] = [];
  for (const word of words) {
    const pair = /^([a-z][\w-]*)=(.*)$/s.exec(word);
    const back = /^!([a-z][\w-]*)$/.exec(word);
    if (pair) properties.push([pair[1]!, pair[2]!]);
    else if (back) properties.push([back[1]!, '']);
    else targets.push(word);
  }
  return { targets, properties };
}

export interface Condition {
  readonly name: string;
  readonly test: (text: string) => boolean;
}

export interface PrintWords {
  readonly detail: boolean;
  readonly where: readonly Condition[];
}

/** `detail where peer=west disabled!=yes comment~branch`. */
export function parsePrintWords(words: readonly string[]): PrintWords {
  const at = words.indexOf('where');
  const before = at < 0 ? words : words.slice(0, at);
  const stray = before.find((word) => word !== 'detail');
  if (stray !== undefined) {
    throw new UserError(`print takes detail and where name=value, not ${stray}`);
  }
  const where = at < 0 ? [] : words.slice(at + 1).map(conditionOf);
  if (at >= 0 && where.length === 0) throw new UserError('where what? name=value');
  return { detail: before.includes('detail'), where };
}

function conditionOf(word: string): Condition {
  const [, name, sign, value = ''] = /^([\w-]+)(!=|=|~)(.*)$/s.exec(word) ?? [];
  if (name === undefined) {
    throw new UserError(`${word}: expected name=value, name!=value or name~part`);
  }
  if (sign === '~') return { name, test: (text) => text.includes(value) };
  return { name, test: (text) => (text === value) === (sign === '=') };
}

/** The rows that meet every condition; a name that no row has is a slip, not an empty table. */
export function filterRows<Row>(
  rows: readonly Row[],
  where: readonly Condition[],
  known: readonly string[],
  textOf: (row: Row, name: string) => string,
): Row[] {
  const unknown = where.find(({ name }) => !known.includes(name));
  if (unknown) {
    throw new UserError(
      `there is no property ${unknown.name} here; there are: ${known.join(', ')}`,
    );
  }
  return rows.filter((row) => where.every(({ name, test }) => test(textOf(row, name))));
}
