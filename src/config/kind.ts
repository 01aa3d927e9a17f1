// Kinds of value: each knows how to read what stands in the file, what to say it expects, and what
// it is in JSON Schema. Notation is RouterOS's: yes/no, `1h30m`, comma lists.
import { parseDuration } from './duration.js';
import { show, suggestion } from './problem.js';

/** A value, or the end of "expected …". */
export type Read<T> = { readonly value: T } | { readonly expected: string };

export interface Kind<T> {
  /** `yes | no`, `time`: for the reference page and errors. */
  readonly notation: string;
  readonly schema: Readonly<Record<string, unknown>>;
  /** Never shown in an error or a log. */
  readonly secret?: boolean;
  read(written: unknown): Read<T>;
}

export const failed = <T>(result: Read<T>): result is { readonly expected: string } =>
  'expected' in result;

/** RouterOS writes yes and no; JSON has true and false: both are taken. */
export const flag: Kind<boolean> = {
  notation: 'yes | no',
  schema: { enum: [true, false, 'yes', 'no', 'true', 'false'] },
  read(written) {
    if (written === true || written === 'yes' || written === 'true') return { value: true };
    if (written === false || written === 'no' || written === 'false') return { value: false };
    return { expected: 'yes or no (or true or false)' };
  },
};

export function integer(low: number, high: number, unit = ''): Kind<number> {
  const what = `a whole number from ${low} to ${high}${unit === '' ? '' : ` (${unit})`}`;
  return {
    notation: `integer: ${low}..${high}`,
    schema: {
      anyOf: [
        { type: 'integer', minimum: low, maximum: high },
        { type: 'string', pattern: '^[0-9]+$' },
      ],
    },
    read(written) {
      // Exports of RouterOS, and shells, write numbers as text.
      const digits = typeof written === 'string' && /^\d{1,15}$/.test(written);
      const value = digits ? Number(written) : written;
      if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) {
        return { expected: what };
      }
      return { value };
    },
  };
}

/** A time: a number of seconds, or RouterOS's notation. */
export function duration(low: number, high: number, words: readonly string[] = []): Kind<number> {
  const range = `from ${low} s to ${high} s`;
  return {
    notation: 'time',
    schema: {
      anyOf: [
        { type: 'integer', minimum: low, maximum: high },
        { type: 'string', pattern: '^([0-9]+[wdhms]?)+$|^([0-9]+d)?[0-9]{1,2}:[0-9]{2}:[0-9]{2}$' },
        ...words.map((word) => ({ const: word })),
      ],
    },
    read(written) {
      const value = parseDuration(written);
      if (value === undefined || value < low || value > high) {
        return { expected: `a time such as 30m, 1h30m, 1d or 00:30:00, ${range}` };
      }
      return { value };
    },
  };
}

/** `inner`, or one word that stands for "none of it". */
export function orWord<T>(inner: Kind<T>, word: string): Kind<T | undefined> {
  return {
    notation: `${inner.notation} | ${word}`,
    schema: { anyOf: [inner.schema, { const: word }] },
    read(written) {
      if (written === word) return { value: undefined };
      const result = inner.read(written);
      return failed(result) ? { expected: `${result.expected}, or ${word}` } : result;
    },
  };
}

/** `inner`, or the empty string, which is RouterOS's "not set". */
export function optional<T>(inner: Kind<T>): Kind<T | undefined> {
  return {
    notation: inner.notation,
    schema: { anyOf: [inner.schema, { const: '' }] },
    read: (written) => (written === '' ? { value: undefined } : inner.read(written)),
  };
}

/** One of `words`; `later` are RouterOS's words that this gateway does not take yet. */
export function choice<const W extends string>(
  words: readonly W[],
  later: readonly string[] = [],
  why = (word: string): string => `RouterOS's ${word} is not there yet`,
): Kind<W> {
  return {
    notation: words.join(' | '),
    schema: { enum: words },
    read(written) {
      // Strict: no number or null that happens to read like a word.
      const value = words.find((word) => word === written);
      if (value !== undefined) return { value };
      if (later.includes(written as string)) {
        return { expected: `${words.join(', ')}: ${why(written as string)}` };
      }
      const near = typeof written === 'string' ? suggestion(written, words) : '';
      return { expected: `${words.length > 1 ? 'one of ' : ''}${words.join(', ')}${near}` };
    },
  };
}

/** A comma list or an array of `words`, in order of preference: not empty, nothing twice. */
export function listOf(
  words: readonly string[],
  later: readonly string[] = [],
): Kind<readonly string[]> {
  const item = choice(words, later);
  return {
    notation: `list of ${item.notation}`,
    schema: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: item.schema, minItems: 1, uniqueItems: true },
      ],
    },
    read(written) {
      const parts = typeof written === 'string' ? written.split(',').map((s) => s.trim()) : written;
      if (!Array.isArray(parts)) return { expected: `a list of ${words.join(', ')}` };
      if (parts.length === 0 || (parts.length === 1 && parts[0] === '')) {
        return { expected: `a list that is not empty, of ${words.join(', ')}` };
      }
      for (const part of parts) {
        const result = item.read(part);
        if (failed(result)) return { expected: `${result.expected}, instead of ${show(part)}` };
      }
      // A doubled name is a slip, and would be offered twice on the wire.
      const twice = parts.find((part, at) => parts.indexOf(part) !== at);
      if (twice !== undefined) return { expected: `a list in which ${show(twice)} stands once` };
      return { value: parts };
    },
  };
}

/** Such characters could forge lines of the log and move the cursor of a terminal. */
const CONTROL = /\p{Cc}/u;

/** Free text for people, one line. */
export const text: Kind<string> = {
  notation: 'string',
  schema: { type: 'string' },
  read(written) {
    if (typeof written !== 'string' || CONTROL.test(written)) {
      return { expected: 'text without control characters' };
    }
    return { value: written };
  },
};

/**
 * The name of an entry, or of an entry elsewhere. Names stand in logs, in comma lists and on command
 * lines: hence no space, comma or quote.
 */
export const entryName: Kind<string> = {
  notation: 'string',
  schema: { type: 'string', minLength: 1 },
  read(written) {
    if (typeof written !== 'string' || !/^[^\p{Cc}\s,"]{1,64}$/u.test(written)) {
      return { expected: 'a name of 1 to 64 characters without spaces, commas and quotes' };
    }
    return { value: written };
  },
};

/** Linux's limit for an interface, and what may stand in a path. */
export const deviceName: Kind<string> = {
  notation: 'string',
  schema: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,15}$' },
  read(written) {
    if (typeof written !== 'string' || !/^(?!\.{1,2}$)[\w.-]{1,15}$/.test(written)) {
      return { expected: 'an interface name: 1 to 15 letters, digits, "-", "_" or "."' };
    }
    return { value: written };
  },
};
