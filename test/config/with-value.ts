// A sound configuration with one property set, and what has to change with it for the rest to be sound.
import type { Menu } from '../../src/config/menu.js';
import { type Json, sound } from './configuration.js';

/** One sound entry of each menu that the sound configuration does without. */
const ENTRIES: Readonly<Record<string, Json[]>> = {
  group: [{ name: 'default' }],
  'mode-config': [{ name: 'm', responder: true }],
  key: ['mine', 'theirs'].map((name) => ({ name, file: `${name}.pem` })),
  'key-psk': [{ peer: 'p', id: '0123456789abcdef', key: '00'.repeat(32) }],
  certificate: ['cert', 'ca'].map((name) => ({ name, file: `${name}.pem` })),
  pool: [{ name: 'rw', ranges: '192.0.2.10-192.0.2.20' }],
  radius: [{ service: 'ipsec', address: '192.0.2.5', secret: 'a long and random secret' }],
  'address-list': [{ list: 'lan', address: '192.0.2.0/24' }],
  'connection-mark': [{ name: 'marked', mark: 1 }],
  user: [{ name: 'alice' }],
  settings: {} as unknown as Json[],
  metrics: {} as unknown as Json[],
  'radius-incoming': {} as unknown as Json[],
};

/** What an identity needs for a property that belongs to some methods only. */
const METHOD: Readonly<Record<string, Json>> = {
  'match-by': {
    'auth-method': 'digital-signature',
    certificate: 'cert',
    'remote-certificate': 'cert',
  },
  certificate: { 'auth-method': 'digital-signature' },
  'rsa-padding': { 'auth-method': 'digital-signature', certificate: 'cert' },
  'remote-certificate': { 'auth-method': 'digital-signature', certificate: 'cert' },
  'eap-methods': {
    'auth-method': 'eap',
    username: 'u',
    password: 'p',
    certificate: 'cert',
  },
  'ttls-inner': {
    'auth-method': 'eap',
    username: 'u',
    password: 'p',
    'eap-methods': 'eap-ttls',
  },
  'outer-identity': {
    'auth-method': 'eap',
    username: 'u',
    password: 'p',
    'eap-methods': 'eap-ttls,eap-peap',
  },
  'eap-server-name': {
    'auth-method': 'eap',
    username: 'u',
    password: 'p',
    'eap-methods': 'eap-peap,eap-mschapv2',
  },
  username: { 'auth-method': 'eap', password: 'p', 'eap-methods': 'eap-mschapv2' },
  password: { 'auth-method': 'eap', username: 'u', certificate: 'cert' },
  key: { 'auth-method': 'rsa-key', 'remote-key': 'theirs' },
  'remote-key': { 'auth-method': 'rsa-key', key: 'mine' },
};

/** The sound configuration with one property changed, and what has to change with it. */
export function withValue(menu: Menu, property: string, value: unknown): Json {
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
    if (value !== 'eap-radius') entry.certificate = 'cert';
  }
  if (menu.name === 'identity' && value === 'dn') {
    delete entry.secret;
    Object.assign(entry, { 'auth-method': 'digital-signature', certificate: 'cert' });
  }
  if (menu.name === 'mode-config' && /^(src-add|connection|use-|resolv)/.test(property)) {
    entry.responder = false;
  }
  if (menu.name === 'policy' && property.endsWith('-port')) entry.protocol = 'tcp';
  const isTemplate = [true, 'yes', 'true'].includes(value as never);
  if (menu.name === 'policy' && property === 'template' && isTemplate) delete entry.peer;
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
