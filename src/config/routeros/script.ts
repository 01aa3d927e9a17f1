// RouterOS script as `/export` writes it → commands. Only what exports hold is understood: menus,
// commands with properties, strings, [find …], comments, continued lines. The steps:
//   1. characters → words (Scanner)      2. words → commands, each with its menu (readScript)

/** `name=value`, a bare word, or `!name` (unset). */
export interface Word {
  readonly name?: string;
  readonly value: string;
  /** In quotes, brackets or braces: never a verb or a part of a path. */
  readonly quoted: boolean;
}

export interface Command {
  /** From 1, of the command's first character. */
  readonly line: number;
  /** `ip ipsec policy`. */
  readonly menu: string;
  readonly verb: string;
  /** What stands without a name: `[ find default=yes ]`, `*0`, `0`. */
  readonly targets: readonly string[];
  /** In the order written. */
  readonly properties: readonly (readonly [name: string, value: string])[];
}

export interface Note {
  readonly line: number;
  readonly text: string;
}

export interface Script {
  readonly commands: readonly Command[];
  readonly notes: readonly Note[];
  /** `6.48.6`, where the head of the export says it. */
  readonly version: string | undefined;
}

/** What may follow a menu; anything else before it is a part of the path. */
const VERBS = new Set(
  'add set remove enable disable move comment unset print export edit'.split(' '),
);
const CLOSING: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' };

export function readScript(text: string): Script {
  const notes: Note[] = [];
  const commands: Command[] = [];
  let path: string[] = [];
  for (const { line, words } of new Scanner(text, notes).statements()) {
    const first = words[0]!;
    if (first.value.startsWith(':') || first.quoted) {
      notes.push({ line, text: `${shorten(first.value)}: script commands are not run` });
      continue;
    }
    // `/ip/ipsec/peer/add name=x`: the verb may be the last part of the path.
    const at = words.findIndex(isVerb);
    const end = at < 0 ? words.findIndex(isArgument) : at + 1;
    const named = words.slice(0, end < 0 ? words.length : end).flatMap(partsOf);
    const absolute = first.value.startsWith('/');
    const verb = at < 0 ? undefined : named.pop();
    const walked = [...(absolute ? [] : path), ...named];
    // A menu alone on its line is where the following commands belong.
    if (verb === undefined) path = walked;
    else commands.push(commandOf(line, walked.join(' '), verb, words.slice(end)));
  }
  return { commands, notes, version: /^#.*by RouterOS (\d[\w.]*)/m.exec(text)?.[1] };
}

const partsOf = ({ value }: Word): string[] => value.split('/').filter((name) => name !== '');
const isArgument = ({ name, quoted }: Word): boolean => name !== undefined || quoted;
const isVerb = (word: Word): boolean => !isArgument(word) && VERBS.has(partsOf(word).at(-1) ?? '');

function commandOf(line: number, menu: string, verb: string, words: readonly Word[]): Command {
  const properties = words.flatMap(({ name, value }) =>
    name === undefined ? [] : [[name, value] as const],
  );
  const targets = words.filter(({ name }) => name === undefined).map(({ value }) => value);
  return { line, menu, verb, targets, properties };
}

const shorten = (text: string): string => (text.length > 24 ? `${text.slice(0, 24)}…` : text);

interface Statement {
  readonly line: number;
  readonly words: readonly Word[];
}

class Scanner {
  readonly #text: string;
  readonly #notes: Note[];
  #at = 0;
  #line = 1;

  constructor(text: string, notes: Note[]) {
    this.#text = text.replaceAll('\r\n', '\n').replace(/^\ufeff/, '');
    this.#notes = notes;
  }

  *statements(): Generator<Statement> {
    while (this.#at < this.#text.length) {
      this.#blanks();
      const line = this.#line;
      if (this.#peek() === '#') this.#comment();
      const words: Word[] = [];
      for (this.#blanks(); !this.#atEnd(); this.#blanks()) words.push(this.#word());
      this.#next();
      if (words.length > 0) yield { line, words };
    }
  }

  #peek = (): string => this.#text[this.#at] ?? '';

  #next(): string {
    const found = this.#peek();
    this.#at++;
    if (found === '\n') this.#line++;
    return found;
  }

  #atEnd = (): boolean => ['', '\n', ';'].includes(this.#peek());

  #comment(): void {
    while (this.#peek() !== '' && this.#peek() !== '\n') this.#at++;
  }

  /** Blanks, and the end of a line that goes on in the next. */
  #blanks(): void {
    for (;;) {
      if (this.#peek() === ' ' || this.#peek() === '\t') this.#at++;
      else if (!this.#continued()) return;
    }
  }

  /** `\` at the end of a line: it and the blanks that begin the next line are nothing. */
  #continued(): boolean {
    if (this.#peek() !== '\\' || this.#text[this.#at + 1] !== '\n') return false;
    this.#at++;
    this.#next();
    while (this.#peek() === ' ' || this.#peek() === '\t') this.#at++;
    return true;
  }

  #word(): Word {
    let name: string | undefined;
    let value = '';
    let quoted = false;
    while (!this.#atEnd() && !/[ \t]/.test(this.#peek())) {
      if (this.#continued()) continue;
      const found = this.#peek();
      if (found === '"') {
        value += this.#string();
        quoted = true;
      } else if (CLOSING[found] !== undefined) {
        value += this.#bracket();
        quoted = true;
      } else if (found === '=' && name === undefined && !quoted) {
        name = value;
        value = '';
        this.#at++;
      } else value += this.#next();
    }
    // `!name` takes a property back, as `name=""` does.
    if (name === undefined && !quoted && /^!\w/.test(value)) {
      return { name: value.slice(1), value: '', quoted };
    }
    return name === undefined ? { value, quoted } : { name, value, quoted };
  }

  /** Escapes are bytes: an export writes what is not ASCII as `\D0\9F`. */
  #string(): string {
    const start = this.#line;
    const bytes: Buffer[] = [];
    this.#at++;
    for (;;) {
      if (this.#continued()) continue;
      const found = this.#next();
      if (found === '"') break;
      if (found === '') {
        this.#notes.push({ line: start, text: 'a string that does not end' });
        break;
      }
      bytes.push(found === '\\' ? this.#escape() : Buffer.from(found));
    }
    return textOf(Buffer.concat(bytes));
  }

  #escape(): Buffer {
    const hex = /^[0-9A-F]{2}/.exec(this.#text.slice(this.#at, this.#at + 2))?.[0];
    if (hex !== undefined) {
      this.#at += 2;
      return Buffer.from(hex, 'hex');
    }
    const found = this.#next();
    const plain = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v', _: ' ' }[
      found
    ];
    return Buffer.from(plain ?? found);
  }

  /** The text of an expression with its brackets; strings in it may hold brackets. */
  #bracket(): string {
    const close = CLOSING[this.#peek()]!;
    let text = this.#next();
    while (this.#peek() !== '' && this.#peek() !== close) {
      if (this.#continued()) continue;
      if (this.#peek() === '"') text += `"${this.#string()}"`;
      else text += CLOSING[this.#peek()] === undefined ? this.#next() : this.#bracket();
    }
    return text + this.#next();
  }
}

/** RouterOS keeps bytes: UTF-8 from new consoles, an 8-bit code page from old ones. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}
