// culvert key: RSA keys of the menu key, as RouterOS has them for auth-method=rsa-key.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { keyType } from '../certificates/describe.js';
import { parseKey } from '../certificates/files.js';
import { generateKey, type KeySize } from '../certificates/keys.js';
import { readFile, writeFile } from '../config/file.js';
import { menuNamed } from '../config/menus.js';
import { menuRows } from '../config/rows.js';
import { fileOf } from './menu.js';
import { addVerb, needed, readGiven, Site, type Verb } from './pki-files.js';
import { noun } from './question.js';
import { UserError } from './socket.js';
import { formatTable, type Table } from './table.js';

const keyMenu = menuNamed('key')!;

/** RouterOS 6 and 7 together; 1024 bits are for old peers. */
const SIZES: readonly string[] = ['1024', '2048', '4096', '8192'];

const VERBS: readonly Verb[] = [
  {
    name: 'generate-key',
    text: 'Make an RSA key of key-size=1024, 2048, 4096 or 8192 bits.',
    words: ['name', 'key-size'],
    example: 'name=ours key-size=2048',
    run: generate,
  },
  {
    name: 'import',
    text: 'Take a public or private key into the menu: PEM or DER.',
    words: ['name', 'file-name', 'passphrase'],
    example: 'file-name=theirs.pem name=theirs',
    run: importKey,
  },
  {
    name: 'export-pub-key',
    text: 'Write the public half of a key to a file, as PEM.',
    words: ['key', 'file-name'],
    example: 'key=ours file-name=ours.pub.pem',
    run: exportPublic,
  },
];

interface Row {
  readonly name: string;
  readonly 'key-size': number;
  readonly 'private-key': boolean;
  readonly rsa: boolean;
  readonly file: string;
  readonly comment: string;
  /** Why the file cannot be read. */
  readonly failure: string;
}

const KEYS: Table<Row> = {
  flags: [
    { letter: 'P', name: 'private-key', on: (row) => row['private-key'] },
    { letter: 'R', name: 'rsa', on: (row) => row.rsa },
  ],
  comment: (row) => row.comment,
  columns: [
    { name: 'name', value: (row) => row.name },
    { name: 'key-size', value: (row) => String(row['key-size'] || ''), right: true },
    { name: 'file', value: (row) => row.file },
    { name: 'failure', value: (row) => row.failure },
  ],
};

function rowsOf(path: string): Row[] {
  const rows = menuRows(keyMenu, readFile(path).key, false);
  return rows.map(({ values, comment }) => {
    const [name, file] = [values.name!, values.file!];
    const row = { name, file, comment, 'key-size': 0, 'private-key': false, rsa: false };
    const from = resolve(dirname(path), file);
    try {
      const key = readKey(readGiven(from), undefined, from);
      const rsa = keyType(key).startsWith('rsa-');
      const bits = rsa ? Number(keyType(key).slice('rsa-'.length)) : 0;
      const own = key.type === 'private';
      return { ...row, 'key-size': bits, 'private-key': own, rsa, failure: '' };
    } catch (error) {
      return { ...row, failure: (error as Error).message };
    }
  });
}

function addPrint(parent: Command): void {
  parent
    .command('print')
    .description('Print the keys with size and kind, read from their files.')
    .option('--file <path>', "the configuration (default: CULVERT_FILE's value)")
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  culvert key print --file site.json')
    .action(({ file, json }: { file?: string; json?: boolean }) => {
      const rows = rowsOf(fileOf(file));
      const failed = rows.some(({ failure }) => failure !== '');
      const columns = failed ? KEYS.columns : KEYS.columns.slice(0, -1);
      const width = process.stdout.isTTY ? process.stdout.columns : 0;
      const text = (): string => formatTable({ ...KEYS, columns }, rows, width);
      process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : text());
    });
}

export function registerKey(program: Command): void {
  const parent = noun(program, 'key', 'RSA keys (RouterOS: /ip ipsec key).');
  addPrint(parent);
  for (const verb of VERBS) addVerb(parent, verb);
}

const privatePem = (key: KeyObject): string =>
  key.export({ type: 'pkcs8', format: 'pem' }) as string;
const publicPem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;

async function generate(given: Map<string, string>, file: string | undefined): Promise<void> {
  const site = new Site(file);
  const name = needed(given, 'name');
  site.checkFree('key', name);
  const size = given.get('key-size') ?? '2048';
  if (!SIZES.includes(size)) throw new UserError(`key-size=${size}: one of ${SIZES.join(', ')}`);
  await keep(site, name, privatePem(generateKey(size as KeySize)));
  process.stdout.write(`${name}: rsa-${size}\n`);
}

async function importKey(given: Map<string, string>, file: string | undefined): Promise<void> {
  const site = new Site(file);
  const path = needed(given, 'file-name');
  const name = needed(given, 'name');
  site.checkFree('key', name);
  const key = readKey(readGiven(path), given.get('passphrase'), path);
  const type = keyType(key);
  if (!type.startsWith('rsa-')) throw new UserError(`${path}: a key of type ${type}, not RSA`);
  await keep(site, name, key.type === 'private' ? privatePem(key) : publicPem(key));
  process.stdout.write(`${name}: ${type}, ${key.type}\n`);
}

function readKey(bytes: Buffer, passphrase: string | undefined, path: string): KeyObject {
  for (const read of [() => parseKey(bytes, passphrase), () => publicKey(bytes)]) {
    try {
      return read();
    } catch {
      // Private first, then public; the last line says that it is neither.
    }
  }
  throw new UserError(
    `${path}: no key in it that can be read${passphrase ? '' : ' without a passphrase'}`,
  );
}

const publicKey = (bytes: Buffer): KeyObject =>
  bytes.includes('-----BEGIN ')
    ? createPublicKey(bytes)
    : createPublicKey({ key: bytes, format: 'der', type: 'spki' });

async function keep(site: Site, name: string, pem: string): Promise<void> {
  const path = `keys/${name}.pem`;
  site.change('key', 'add', name, { name, file: path });
  site.write(path, pem);
  await site.save();
}

async function exportPublic(given: Map<string, string>, file: string | undefined): Promise<void> {
  const path = fileOf(file);
  const name = needed(given, 'key');
  const list = (readFile(path).key ?? []) as { readonly name: string; readonly file: string }[];
  const entry = list.find((one) => one.name === name);
  if (!entry) throw new UserError(`there is no key of the name ${name}`);
  const from = resolve(dirname(path), entry.file);
  const key = readKey(readGiven(from), undefined, from);
  const open = key.type === 'private' ? createPublicKey(privatePem(key)) : key;
  writeFile(resolve(needed(given, 'file-name')), publicPem(open));
}
