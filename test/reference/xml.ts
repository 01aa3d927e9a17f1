// A strict reader of the little XML that a chart is: elements, attributes in double quotes, text, the five
// entities. What is not well-formed throws.

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** The text of the element itself, entities resolved. */
  readonly text: string;
}

type Open = Element & { readonly children: Element[]; text: string };

const TOKEN = /<(\/?)([A-Za-z][\w-]*)((?:\s+[A-Za-z][\w:-]*="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

export function parseXml(source: string): Element {
  if (/[^\n\t\r\P{Cc}]/u.test(source)) throw new Error('a control character');
  const root: Open = { name: '', attributes: {}, children: [], text: '' };
  const stack = [root];
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(source);
    if (!token) throw new Error(`not well-formed at ${at}: ${source.slice(at, at + 40)}`);
    const [, closes, name = '', attributes = '', empty, text] = token;
    const top = stack.at(-1)!;
    if (text !== undefined) top.text += unescapeXml(text);
    else if (closes) {
      if (stack.length < 2 || top.name !== name) throw new Error(`</${name}> closes ${top.name}`);
      stack.pop();
    } else {
      const element: Open = {
        name,
        attributes: readAttributes(attributes),
        children: [],
        text: '',
      };
      top.children.push(element);
      if (!empty) stack.push(element);
    }
  }
  const [only, more] = root.children;
  if (stack.length > 1) throw new Error(`${stack.at(-1)!.name} is never closed`);
  if (!only || more || root.text.trim() !== '') throw new Error('not exactly one root');
  return only;
}

function readAttributes(source: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = '', value = ''] of source.matchAll(/([\w:-]+)="([^"]*)"/g)) {
    if (name in found) throw new Error(`attribute ${name} twice`);
    found[name] = unescapeXml(value);
  }
  return found;
}

const unescapeXml = (text: string): string =>
  text.replace(/&(\w*)(;?)/g, (whole, name: string, end: string) => {
    const meaning = ENTITIES[name];
    if (meaning === undefined || end === '') throw new Error(`entity ${whole}`);
    return meaning;
  });
