// Every property of every menu, good and bad values; and that the JSON schema takes what we take.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/config/load.js';
import type { Menu, Property } from '../../src/config/menu.js';
import { MENUS, tunMenu } from '../../src/config/menus.js';
import { MAX_WORKERS, SLOT, SLOT_HEADROOM } from '../../src/contract/layout.js';
import { buildSchema } from '../../src/config/schema.js';
import { accepts } from '../reference/json-schema.js';
import { type Json, sound } from './configuration.js';
import { VALUES } from './values.js';

const properties = suite('config properties');
const schema = buildSchema();

/** One sound entry of each menu that the sound configuration does without. */
const ENTRIES: Readonly<Record<string, Json[]>> = {
  group: [{ name: 'default' }],
  'mode-config': [{ name: 'm', responder: true }],
  key: ['mine', 'theirs'].map((name) => ({ name, file: `${name}.pem` })),
  'key-psk': [{ peer: 'p', id: '0123456789abcdef', key: '00'.repeat(32) }],
  certificate: ['cert', 'ca'].map((name) => ({ name, file: `${name}.pem` })),
  pool: [{ name: 'rw', ranges: '192.0.2.10-192.0.2.20' }],
  radius: [{ address: '192.0.2.5', secret: 'a long and random secret' }],
  'address-list': [{ list: 'lan', address: '192.0.2.0/24' }],
  user: [{ name: 'alice' }],
  settings: {} as unknown as Json[],
};

/** What an identity needs for a property that belongs to some methods only. */
const METHOD: Readonly<Record<string, Json>> = {
  'match-by': {
    'auth-method': 'digital-signature',
    certificate: 'cert',
    'remote-certificate': 'cert',
  },
  certificate: { 'auth-method': 'digital-signature' },
  'remote-certificate': { 'auth-method': 'digital-signature', certificate: 'cert' },
  'eap-methods': {
    'auth-method': 'eap',
    username: 'u',
    password: 'p',
    certificate: 'cert',
  },
  username: { 'auth-method': 'eap', password: 'p', 'eap-methods': 'eap-mschapv2' },
  password: { 'auth-method': 'eap', username: 'u', certificate: 'cert' },
  key: { 'auth-method': 'rsa-key', 'remote-key': 'theirs' },
  'remote-key': { 'auth-method': 'rsa-key', key: 'mine' },
};

/** The sound configuration with one property changed, and what has to change with it. */
function withValue(menu: Menu, property: string, value: unknown): Json {
  const whole: unknown = { ...structuredClone(ENTRIES), ...sound() };
  const file = whole as Record<string, Json[] & Json>;
  const entry = (menu.list ? file[menu.name]![0] : file[menu.name]) as Json;
  if (menu.name === 'identity' && METHOD[property]) {
    delete entry.secret;
    Object.assign(entry, METHOD[property]);
    if (property.endsWith('key')) file.peer![0]!['exchange-mode'] = 'main';
  }
  entry[property] = value;
  if (menu.name === 'identity' && property === 'auth-method' && value !== 'pre-shared-key') {
    delete entry.secret;
    if (value === 'digital-signature' || value === 'eap') entry.certificate = 'cert';
  }
  if (menu.name === 'mode-config' && /^(src-add|connection|use-)/.test(property)) {
    entry.responder = false;
  }
  if (menu.name === 'policy' && property.endsWith('-port')) entry.protocol = 'tcp';
  // A second entry of the name keeps what refers to the first one sound.
  if (property === 'name' && menu.list) file[menu.name]!.push({ ...entry, name: 'default2' });
  if (menu.name === 'peer' && property === 'name') {
    file.peer = [
      { name: 'p', address: '192.0.2.1' },
      { name: value, address: '192.0.2.2' },
    ] as never;
    file.identity!.push({ peer: value, secret: 'another long secret' });
  }
  if (menu.name === 'peer' && property === 'address' && String(value).includes(':')) {
    entry['local-address'] = '';
  }
  if (menu.name === 'proposal' && /gcm|chacha/.test(String(value)) && !/cbc/.test(String(value))) {
    entry['auth-algorithms'] = 'null';
  }
  if (
    menu.name === 'policy' &&
    property === 'tunnel' &&
    ['no', 'false', false].includes(value as string)
  ) {
    Object.assign(entry, { 'src-address': '198.51.100.1', 'dst-address': '192.0.2.1' });
  }
  if (menu.name === 'identity' && property === 'disabled') {
    file.identity!.push({ peer: 'p', secret: 'another long secret', 'remote-id': 'fqdn:x' });
  }
  // The name others refer to stays there under another entry.
  const kept = { 'mode-config': 'm', pool: 'rw', key: 'mine', certificate: 'cert' }[menu.name];
  if (property === 'name' && kept !== undefined && value !== kept) {
    file[menu.name]!.push({ ...entry, name: kept });
  }
  return file as unknown as Json;
}

for (const menu of MENUS) {
  for (const row of menu.properties as readonly Property[]) {
    const path = `${menu.name}.${row.name}`;
    const values = VALUES[menu.name]?.[row.name];
    properties(path, () => {
      assert.ok(values, `test/config/values.ts has no values for ${path}`);
      for (const value of values.good) {
        const file = withValue(menu, row.name, value);
        const loaded = parse(JSON.stringify(file));
        assert.ok(
          loaded.ok,
          `${path} = ${JSON.stringify(value)}: ${loaded.ok ? '' : JSON.stringify(loaded.errors)}`,
        );
        assert.ok(accepts(schema, file), `the schema refuses ${path} = ${JSON.stringify(value)}`);
      }
      for (const [value, expected] of values.bad) {
        const loaded = parse(JSON.stringify(withValue(menu, row.name, value)));
        const shown = `${path} = ${JSON.stringify(value)}`;
        assert.not(loaded.ok, `${shown} must be refused`);
        const at = `${menu.name}(\\[\\d\\])?\\.${row.name}`;
        const errors = loaded.ok ? [] : loaded.errors;
        const mine = errors.filter((error) => new RegExp(`^(${at}|policy.*)$`).test(error.path));
        const found = mine.some((error) => error.expected.includes(expected));
        assert.ok(found, `${shown}: expected …${expected}…, got ${JSON.stringify(errors)}`);
      }
    });
    properties(`${path}: the default is taken when written`, () => {
      if (row.default === undefined) return;
      assert.ok('value' in row.kind.read(row.default));
    });
  }
}

properties('the limits of tun are those of the shared memory', () => {
  const high = (name: string): unknown => {
    const { schema } = tunMenu.properties.find((row) => row.name === name)!.kind;
    return (schema.anyOf as { maximum?: number }[])[0]!.maximum;
  };
  assert.is(high('workers'), MAX_WORKERS);
  assert.ok((high('mtu') as number) < SLOT - SLOT_HEADROOM);
});

properties('values.ts names no property that is not there', () => {
  const known = MENUS.flatMap((menu) => menu.properties.map((row) => `${menu.name}.${row.name}`));
  const named = Object.entries(VALUES).flatMap(([menu, rows]) =>
    Object.keys(rows).map((row) => `${menu}.${row}`),
  );
  assert.equal(named.sort(), known.sort());
});

properties(
  'every property has its sentence, and a reason where the default is not RouterOS’s',
  () => {
    for (const menu of MENUS) {
      for (const row of menu.properties as readonly Property[]) {
        assert.match(row.text, /\.$/, `${menu.name}.${row.name}`);
        assert.is(
          row.routeros === undefined,
          row.because === undefined,
          `${menu.name}.${row.name}`,
        );
      }
    }
  },
);

properties('the schema refuses what no menu has', () => {
  assert.not(accepts(schema, { ...sound(), gruop: [] }));
  assert.not(accepts(schema, { ...sound(), tun: { nmae: 'x' } }));
  assert.not(accepts(schema, { ...sound(), peer: {} }));
});

properties.run();
