// What an export leaves out because RouterOS has it anyway, and what RouterOS keeps though nothing
// uses it.
import { MATTERS_TO, usesOf } from '../identity-rules.js';
import { menuNamed } from '../menus.js';
import { type Draft, type Drafts, listOf } from './entries.js';
import type { Note } from './script.js';

const get = ({ values }: Draft, name: string, fallback = ''): string =>
  values.get(name) ?? fallback;

export function complete(drafts: Drafts, notes: Note[]): void {
  responders(drafts, notes);
  builtinEntries(drafts);
  builtinTemplate(drafts);
  keepUsed(drafts, notes);
  files(drafts, notes);
  connectionMarks(drafts, notes);
  disableDoubles(drafts, notes);
}

/** RouterOS's profile and proposal `default` are not ours: written out where something uses them. */
function builtinEntries(drafts: Drafts): void {
  const uses = (menu: string, property: string): boolean =>
    (drafts.get(menu) ?? [])
      .filter((one) => !one.builtin && get(one, 'action', 'encrypt') === 'encrypt')
      .some((one) => get(one, property, 'default') === 'default');
  const templates = (drafts.get('identity') ?? []).some(usesBuiltinTemplate);
  const wanted = {
    profile: uses('peer', 'profile'),
    proposal: uses('policy', 'proposal') || templates,
  };
  for (const [menu, used] of Object.entries(wanted)) {
    const list = listOf(drafts, menu);
    const builtin = list.find((one) => one.builtin);
    // Untouched and unused: as if it were not there.
    if (builtin && !used && builtin.line === 0) list.splice(list.indexOf(builtin), 1);
  }
  for (const menu of ['group', 'mode-config']) {
    const list = drafts.get(menu) ?? [];
    const builtin = list.find((one) => one.builtin);
    if (builtin && [...builtin.values].every(saysNothing)) list.splice(list.indexOf(builtin), 1);
  }
}

const saysNothing = ([name, value]: [string, string]): boolean =>
  name === 'name' || value === 'no' || value === '';

const usesBuiltinTemplate = (identity: Draft): boolean =>
  get(identity, 'generate-policy', 'no') !== 'no' &&
  get(identity, 'policy-template-group', 'default') === 'default';

/** RouterOS's first policy, a template for everything. */
function builtinTemplate(drafts: Drafts): void {
  const used = (drafts.get('identity') ?? []).some(usesBuiltinTemplate);
  const list = used ? listOf(drafts, 'policy') : (drafts.get('policy') ?? []);
  const builtin = list.find((one) => one.builtin);
  if (builtin && !used) list.splice(list.indexOf(builtin), 1);
  for (const { values } of list) {
    if (values.get('template') !== 'yes') continue;
    for (const side of ['src-address', 'dst-address']) {
      if (!values.has(side)) values.set(side, '::/0');
    }
  }
}

/**
 * RouterOS's own examples leave responder=yes out of entries that can only be a responder's, and write
 * responder=no for an initiator's, whatever its table of defaults says.
 */
function responders(drafts: Drafts, notes: Note[]): void {
  const rows = menuNamed('mode-config')!.properties;
  const ofResponder = rows.filter(({ only }) => only === 'responder=yes').map(({ name }) => name);
  for (const { values, line } of drafts.get('mode-config') ?? []) {
    const shows = ofResponder.find((name) => values.has(name));
    if (values.has('responder') || shows === undefined) continue;
    values.set('responder', 'yes');
    notes.push({ line, text: `responder=yes is written out: ${shows} is a responder's` });
  }
}

/** Pools, address lists and RADIUS servers serve much else on a router. */
function keepUsed(drafts: Drafts, notes: Note[]): void {
  const configs = drafts.get('mode-config') ?? [];
  const pools = new Set(configs.map((one) => get(one, 'address-pool')));
  for (let before = -1; before !== pools.size; ) {
    before = pools.size;
    for (const pool of drafts.get('pool') ?? []) {
      if (pools.has(get(pool, 'name'))) pools.add(get(pool, 'next-pool'));
    }
  }
  const lists = new Set(configs.map((one) => get(one, 'src-address-list')));
  const keep = (menu: string, why: string, used: (one: Draft) => boolean): void => {
    const list = drafts.get(menu);
    if (!list) return;
    const left = list.filter((one) => !used(one));
    if (left.length === 0) return;
    drafts.set(menu, list.filter(used));
    const what = `${left.length} ${left.length === 1 ? 'entry' : 'entries'}`;
    notes.push({ line: left[0]!.line, text: `${menu}: ${what} skipped: ${why}` });
  };
  keep('pool', 'no mode-config uses it', (one) => pools.has(get(one, 'name')));
  keep('address-list', 'no mode-config uses it', (one) => lists.has(get(one, 'list')));
  const isOurs = (one: Draft): boolean => get(one, 'service').split(',').includes('ipsec');
  keep('radius', 'not for service ipsec', isOurs);
}

/** An export names certificates and keys, it does not hold them. */
function files(drafts: Drafts, notes: Note[]): void {
  for (const [menu, properties, directory] of [
    ['certificate', ['certificate', 'remote-certificate'], '/etc/culvert/certificates'],
    ['key', ['key', 'remote-key'], '/etc/culvert/keys'],
  ] as const) {
    const known = new Set((drafts.get(menu) ?? []).map((one) => get(one, 'name')));
    for (const identity of [...(drafts.get('identity') ?? [])]) {
      for (const property of properties) {
        const given = get(identity, property);
        if (given === '' || given === 'none') {
          identity.values.delete(property);
          continue;
        }
        for (const name of given.split(',')) {
          if (known.has(name)) continue;
          known.add(name);
          const file = `${directory}/${name.replaceAll(/[^\w.-]+/g, '-')}.pem`;
          const values = new Map([
            ['name', name],
            ['file', file],
          ]);
          // The first of a chain is ours, and signs.
          if (property === 'certificate' && name === given.split(',')[0]) {
            values.set('key-file', file.replace(/\.pem$/, '.key'));
          }
          listOf(drafts, menu).push({ line: identity.line, builtin: false, values });
          const text = `${menu} ${name} is not in an export: put it into ${file}`;
          notes.push({ line: identity.line, text });
        }
      }
    }
  }
}

/** Names that /ip firewall mangle makes: each gets a number, which rules of this host have to set. */
function connectionMarks(drafts: Drafts, notes: Note[]): void {
  const known = new Set<string>();
  for (const { values, line } of drafts.get('mode-config') ?? []) {
    const name = values.get('connection-mark') ?? '';
    if (['', 'no-mark'].includes(name) || /^\d/.test(name) || known.has(name)) continue;
    known.add(name);
    const mark = String(known.size);
    const entry = new Map([
      ['name', name],
      ['mark', mark],
    ]);
    listOf(drafts, 'connection-mark').push({ line, builtin: false, values: entry });
    const rule = `nft add rule … ct mark set ${mark}`;
    const text = `connection-mark ${name} is number ${mark} here: what mangle marks there, \`${rule}\` marks`;
    notes.push({ line, text });
  }
}

/** RouterOS flags the second of two equal policies as invalid and does not use it. */
function disableDoubles(drafts: Drafts, notes: Note[]): void {
  const seen = new Set<string>();
  const match = ['src-address', 'src-port', 'dst-address', 'dst-port', 'protocol', 'template'];
  for (const policy of drafts.get('policy') ?? []) {
    if (get(policy, 'disabled') === 'yes') continue;
    const key = [...match, 'group'].map((name) => get(policy, name)).join(' ');
    if (seen.has(key)) {
      policy.values.set('disabled', 'yes');
      const text = 'an earlier policy is for the same packets: disabled (RouterOS: invalid)';
      notes.push({ line: policy.line, text });
    }
    seen.add(key);
  }
}

/** RouterOS keeps what a method or a role has no use for; here that would be an error. */
export function dropUseless(drafts: Drafts, notes: Note[]): void {
  const drop = ({ values, line }: Draft, name: string, why: string): void => {
    if (!values.delete(name)) return;
    notes.push({ line, text: `${name} is not carried over: ${why} has no use for it` });
  };
  for (const identity of drafts.get('identity') ?? []) {
    const method = get(identity, 'auth-method', 'pre-shared-key').replace(
      /^rsa-signature$/,
      DIGITAL,
    );
    const uses = usesOf(method);
    if (uses === undefined) continue;
    for (const name of MATTERS_TO.filter((one) => !uses.includes(one))) {
      drop(identity, name, `auth-method=${method}`);
    }
  }
  for (const config of drafts.get('mode-config') ?? []) {
    const role = `responder=${get(config, 'responder', 'no')}`;
    for (const { name, only } of menuNamed('mode-config')!.properties) {
      if (only === undefined || only === role) continue;
      // `system-dns=no` in an initiator's entry says nothing.
      if (['', 'no', 'none'].includes(get(config, name))) config.values.delete(name);
      else drop(config, name, role);
    }
  }
}

const DIGITAL = 'digital-signature';
