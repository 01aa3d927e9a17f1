// One value of an export as a value of ours, or why it is not carried over.
import { formatPrefix, parsePrefix } from '../../policy/address.js';
import { failed, text } from '../kind.js';
import { isDefault, type Menu } from '../menu.js';
import { NAMES, OLD_VALUES } from './names.js';

export interface Converted {
  /** Undefined: nothing is to be written. */
  readonly value?: string;
  /** What the operator should know. */
  readonly note?: string;
}

/** Converts `name=given` of an entry of `menu`; the name is one of ours. */
export function convert(menu: Menu, name: string, given: string): Converted {
  const row = menu.properties.find((one) => one.name === name);
  if (!row) return unknown(menu, name, given);
  if (given === '') return {};
  const modern = modernise(menu.name, name, given);
  const named = NAMES.includes(name) ? nameOf(modern) : modern;
  const note =
    named !== given && !row.kind.secret ? `${name}=${given} becomes ${named}` : undefined;
  const result = row.kind.read(named);
  if (!failed(result)) return { value: named, ...(note === undefined ? {} : { note }) };
  const mended = mend(menu, name, named);
  if (mended !== undefined) return mended;
  const whole = hostBitsOff(named);
  if (whole !== undefined && !failed(row.kind.read(whole))) {
    return { value: whole, note: `${name}=${given} becomes ${whole}: the host bits of a prefix` };
  }
  const shown = row.kind.secret ? '' : `=${given}`;
  return { note: `${name}${shown} is not carried over: expected ${result.expected}` };
}

/** A line break in a comment becomes a space; of a list, the words that are known here stay. */
function mend({ properties }: Menu, name: string, given: string): Converted | undefined {
  const { kind } = properties.find((one) => one.name === name)!;
  if (kind === text) {
    const value = given.replace(/\p{Cc}+/gu, ' ');
    return { value, note: `${name} becomes "${value}": one line` };
  }
  if (kind.secret || !kind.notation.startsWith('list of ') || !given.includes(','))
    return undefined;
  const words = given.split(',');
  const kept = words.filter((word) => !failed(kind.read(word)));
  const value = kept.join(',');
  if (kept.length === 0 || kept.length === words.length || failed(kind.read(value)))
    return undefined;
  const left = words.filter((word) => !kept.includes(word)).join(', ');
  return { value, note: `${name}: ${left} is not carried over, there is no such thing here yet` };
}

function unknown(menu: Menu, name: string, text: string): Converted {
  if (menu.computed?.some((row) => row.name === name)) {
    // `sa-dst-address=::` and the like are the absence of a value.
    const empty = ['::', '0.0.0.0', 'no', ''].includes(text);
    return empty ? {} : { note: `${name}=${text} is not carried over: it is computed here` };
  }
  return { note: `${name}=… is not carried over: ${menu.name} has no such property` };
}

function modernise(menu: string, name: string, text: string): string {
  const renamed = (one: string): string =>
    OLD_VALUES.find(([m, n, old]) => m === menu && n === name && old === one)?.[3] ?? one;
  return OLD_VALUES.some(([m, n]) => m === menu && n === name)
    ? [...new Set(text.split(',').map(renamed))].join(',')
    : text;
}

/** RouterOS's names as ours: `Site A` is `Site-A`. */
export const nameOf = (text: string): string =>
  text
    .split(',')
    .map((one) => one.trim().replace(/[\p{Cc}\s"]+/gu, '-'))
    .join(',');

function hostBitsOff(text: string): string | undefined {
  const parts = text.split(',').map((part) => parsePrefix(part.trim()));
  return parts.every((part) => part !== undefined) ? parts.map(formatPrefix).join(',') : undefined;
}

/**
 * RouterOS does not export what has its default. Where ours differs, the value is written out, so that
 * the imported entry means what it meant there.
 */
export function hiddenDefaults(menu: Menu, entry: Readonly<Record<string, unknown>>) {
  return menu.properties.flatMap((row) => {
    if (row.routeros === undefined || Object.hasOwn(entry, row.name)) return [];
    // A template is for both modes, and what is not encrypted has none.
    const modeless = entry.template === 'yes' || (entry.action ?? 'encrypt') !== 'encrypt';
    if (menu.name === 'policy' && row.name === 'tunnel' && modeless) return [];
    const result = row.kind.read(row.routeros);
    if (failed(result) || isDefault(row, result.value)) return [];
    return [[row.name, row.routeros] as const];
  });
}
