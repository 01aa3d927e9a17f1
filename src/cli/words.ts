// The words behind a verb, in RouterOS's notation: targets, `name=value`, `where name=value`.
import { wholeName } from '../config/abbreviation.js';
import { parseDuration } from '../config/duration.js';
import { UserError } from './socket.js';

export interface Words {
  readonly targets: readonly string[];
  readonly properties: readonly (readonly [name: string, value: string])[];
}

/** `0 name=value !name`: an empty value, or `!`, takes a property back; `numbers=0` is `0`. */
export function parseWords(words: readonly string[]): Words {
  const targets: string[] = [];
  const properties: [string, string][] = [];
  for (const word of joined(words)) {
    const pair = /^([a-z][\w-]*)=(.*)$/s.exec(word);
    const back = /^!([a-z][\w-]*)$/.exec(word);
    if (pair?.[1] === 'numbers') targets.push(pair[2]!);
    else if (pair) properties.push([pair[1]!, pair[2]!]);
    else if (back) properties.push([back[1]!, '']);
    else targets.push(word);
  }
  return { targets, properties };
}

/** `[find peer=west]` is one word, also where the shell has taken it apart. */
function joined(words: readonly string[]): string[] {
  const whole: string[] = [];
  for (const word of words) {
    const open = whole.at(-1);
    if (open?.startsWith('[') && !open.endsWith(']')) whole[whole.length - 1] = `${open} ${word}`;
    else whole.push(word);
  }
  return whole;
}

export interface Condition {
  readonly name: string;
  readonly test: (text: string) => boolean;
}

export interface PrintWords {
  /** `terse`: an entry a line. */
  readonly form: 'table' | 'detail' | 'terse';
  /** Only how many there are. */
  readonly count: boolean;
  readonly where: readonly Condition[];
}

const PRINT_WORDS = ['detail', 'terse', 'count-only'];
const FORMS = 'name, !name, name=value, name!=value, name>value, name<value or name~pattern';

/** `detail where peer=west !disabled comment~"^branch" current-bytes>1000`. */
export function parsePrintWords(words: readonly string[]): PrintWords {
  const at = words.indexOf('where');
  const before = at < 0 ? words : words.slice(0, at);
  const stray = before.find((word) => !PRINT_WORDS.includes(word));
  if (stray !== undefined) {
    throw new UserError(`print takes detail, terse, count-only and where name=value, not ${stray}`);
  }
  const where = at < 0 ? [] : words.slice(at + 1).map(conditionOf);
  if (at >= 0 && where.length === 0) throw new UserError('where what? name=value');
  const form = before.includes('terse') ? 'terse' : before.includes('detail') ? 'detail' : 'table';
  return { form, count: before.includes('count-only'), where };
}

function conditionOf(word: string): Condition {
  const [, not = '', alone] = /^(!?)([a-zA-Z][\w-]*)$/.exec(word) ?? [];
  if (alone !== undefined)
    return { name: alone, test: (text) => (text === 'yes') === (not === '') };
  const [, name, sign, value = ''] = /^([\w-]+)(!=|=|~|>|<)(.*)$/s.exec(word) ?? [];
  if (name === undefined) throw new UserError(`${word}: expected ${FORMS}`);
  if (sign === '~') return { name, test: matching(word, value) };
  if (sign === '>' || sign === '<') return { name, test: comparing(word, sign, value) };
  return { name, test: (text) => (text === value) === (sign === '=') };
}

/** RouterOS's `~` is a regular expression, found anywhere. */
function matching(word: string, value: string): Condition['test'] {
  try {
    const pattern = new RegExp(value);
    return (text) => pattern.test(text);
  } catch {
    throw new UserError(`${word}: no regular expression`);
  }
}

/** Numbers, and times in either notation; what is neither is neither more nor less. */
function comparing(word: string, sign: string, value: string): Condition['test'] {
  const limit = amountOf(value);
  if (limit === undefined) throw new UserError(`${word}: expected a number or a time`);
  return (text) => {
    const found = amountOf(text);
    if (found === undefined) return false;
    return sign === '>' ? found > limit : found < limit;
  };
}

/** Counts of bytes have more digits than times of seconds. */
const amountOf = (text: string): number | undefined =>
  /^\d+$/.test(text) ? Number(text) : parseDuration(text);

/** The rows that meet every condition; a name that no row has is a slip, not an empty table. */
export function filterRows<Row>(
  rows: readonly Row[],
  where: readonly Condition[],
  known: readonly string[],
  textOf: (row: Row, name: string) => string,
): Row[] {
  const full = where.map(({ name, test }) => ({ name: wholeName(name, known), test }));
  const unknown = full.find(({ name }) => !known.includes(name));
  if (unknown) {
    throw new UserError(
      `there is no property ${unknown.name} here; there are: ${known.join(', ')}`,
    );
  }
  return rows.filter((row) => full.every(({ name, test }) => test(textOf(row, name))));
}

/** The rows that targets mean: `0`, `0,2`, `[find peer=west]`, or at the end `where peer=west`. */
export function pickRows<Row>(
  rows: readonly Row[],
  words: readonly string[],
  known: readonly string[],
  textOf: (row: Row, name: string) => string,
): Row[] {
  const at = words.indexOf('where');
  const targets = at < 0 ? words : words.slice(0, at);
  if (targets.length > 0 && at >= 0) throw new UserError('numbers or where …, not both');
  if (at >= 0) return filterRows(rows, parsePrintWords(words).where, known, textOf);
  if (targets.length === 0) throw new UserError('which? A number, [find …] or where name=value');
  const found = targets.flatMap((target) => {
    const filter = /^\[?\s*find\b\s*(?:where\b)?([^\]]*)\]?$/.exec(target);
    if (filter) {
      const pairs = filter[1]!.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
      const where = pairs.map((pair) => conditionOf(pair.replaceAll('"', '')));
      return filterRows(rows, where, known, textOf);
    }
    if (!/^\d+(,\d+)*$/.test(target)) {
      throw new UserError(`${target}: expected a number, [find …] or where name=value`);
    }
    return target.split(',').map((number) => {
      const row = rows[Number(number)];
      if (row !== undefined) return row;
      const last = rows.length === 0 ? 'there is none' : `the last one is ${rows.length - 1}`;
      throw new UserError(`there is no entry ${number}: ${last}`);
    });
  });
  return [...new Set(found)];
}
