// Where a JSON text goes wrong (RFC 8259): JSON.parse reads the configuration, but its message names
// no line, quotes the text around the fault (a secret may stand there), and it takes the last of two
// equal keys without a word. This walks the same grammar and reports the position and the doubles.
import type { Problem } from './problem.js';

class Fault extends Error {
  readonly at: number;
  constructor(at: number, expected: string) {
    super(expected);
    this.at = at;
  }
}

// Our own choice: deeper than any configuration, shallower than the stack.
const MAX_DEPTH = 64;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 §7 forbids exactly these
const STRING = /"[^"\\\u0000-\u001f]*(\\(["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const WORD = /true|false|null/y;

/** Every reason not to read `text`; empty where JSON.parse may. */
export function checkJson(text: string): Problem[] {
  const doubles: Problem[] = [];
  try {
    new Walk(text, doubles).document();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [...doubles, { ...position(text, error.at), expected: error.message }];
  }
  return doubles;
}

class Walk {
  readonly #text: string;
  readonly #doubles: Problem[];
  #at = 0;

  constructor(text: string, doubles: Problem[]) {
    this.#text = text;
    this.#doubles = doubles;
  }

  document(): void {
    this.#value('', 0);
    this.#take(SPACE);
    if (this.#at < this.#text.length) throw new Fault(this.#at, 'the end of the file');
  }

  /** The grammar of RFC 8259 §3; strings and scalars are one pattern each. */
  #value(path: string, depth: number): void {
    if (depth > MAX_DEPTH) throw new Fault(this.#at, `at most ${MAX_DEPTH} levels`);
    this.#take(SPACE);
    const first = this.#text[this.#at];
    if (first === '{') this.#object(path, depth);
    else if (first === '[') this.#array(path, depth);
    else if (first === '"') this.#string('a string that ends on its line, with JSON escapes');
    else if (this.#take(NUMBER) === undefined && this.#take(WORD) === undefined) {
      throw new Fault(
        this.#at,
        'a value: {, [, a string in double quotes, a number, true or false',
      );
    }
  }

  #object(path: string, depth: number): void {
    const seen = new Set<string>();
    this.#items('}', (first) => {
      const at = this.#at;
      if (this.#text[at] !== '"') {
        throw new Fault(at, `a property name in double quotes${first ? ' or }' : ''}`);
      }
      const name = JSON.parse(this.#string('a property name')) as string;
      const here = path === '' ? name : `${path}.${name}`;
      if (seen.has(name)) {
        const { path: where } = position(this.#text, at);
        this.#doubles.push({
          path: here,
          value: `again at ${where}`,
          expected: 'this property once, not twice',
        });
      }
      seen.add(name);
      this.#take(SPACE);
      if (this.#text[this.#at] !== ':') throw new Fault(this.#at, ': after the property name');
      this.#at++;
      this.#value(here, depth + 1);
    });
  }

  #array(path: string, depth: number): void {
    let index = 0;
    this.#items(']', () => this.#value(`${path}[${index++}]`, depth + 1));
  }

  /** An opening bracket, items between commas, the closing bracket. */
  #items(end: string, item: (first: boolean) => void): void {
    this.#at++;
    this.#take(SPACE);
    if (this.#text[this.#at] === end) {
      this.#at++;
      return;
    }
    for (let first = true; ; first = false) {
      this.#take(SPACE);
      item(first);
      this.#take(SPACE);
      const next = this.#text[this.#at];
      if (next !== ',' && next !== end) throw new Fault(this.#at, `, or ${end}`);
      this.#at++;
      if (next === end) return;
    }
  }

  /** The whole token with its quotes, so that JSON.parse can undo the escapes. */
  #string(expected: string): string {
    const found = this.#take(STRING);
    if (found === undefined) throw new Fault(this.#at, expected);
    return found;
  }

  /** What a sticky pattern matches here; moves behind it. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}

/** Line and column, both from 1, and the one character that stands there. */
function position(text: string, at: number): { path: string; value: string } {
  const before = text.slice(0, at).split('\n');
  const path = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
  const found = at < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(at)!)) : '';
  return { path, value: found === '' ? 'the end of the file' : found };
}
