// Every client people have finds what it shares with our defaults, or with the one line that
// docs/operating.md names for it: when it calls us, when we call it, and when a child is replaced by either.
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CLIENT_NAMES,
  espNamesWith,
  groupsToAsk,
  groupsToTake,
  ikeNamesWith,
} from '../../src/algorithms/clients.js';
import { describeSuite } from '../../src/algorithms/describe.js';
import {
  choices,
  type EspNames,
  espProposals,
  espSuite,
  ikeProposals,
  ikeSuite,
  selectProposal,
} from '../../src/algorithms/proposals.js';
import { TRANSFORM_GROUP, type TransformProposal } from '../../src/algorithms/transform.js';
import { parse } from '../../src/config/load.js';
import type { Peer } from '../../src/policy/database.js';
import { type Client, CLIENTS } from '../vectors/client-proposals.js';
import { sound } from './configuration.js';

const clients = suite('clients');

const DOCS = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');

/** The row of a client in the table "Clients": the one line to set, and what then is agreed. */
function documented(name: string): { line: string; agreed: string } {
  const row = DOCS.split('\n').find((line) => line.startsWith(`| ${name} |`));
  assert.ok(row, `docs/operating.md has no row for ${name}`);
  const [, , line = '', agreed = ''] = row!.split('|').map((cell) => cell.trim());
  return { line, agreed };
}

/** One command that sets properties of an entry, `culvert peer set NAME a=b c=d`, carried out on a file. */
function carryOut(line: string, file: Record<string, unknown>): void {
  if (line === '') return;
  const [, menu = '', words = ''] = /^`culvert ([a-z]+) set [\w-]+ ([^`]+)`$/.exec(line) ?? [];
  assert.ok(words, `one command that sets something: ${line}`);
  const entries = (file[menu] as object[] | undefined) ?? [{ name: 'default' }];
  const set = Object.fromEntries(words.split(' ').map((word) => word.split('=', 2)));
  file[menu] = entries.map((entry) => ({ ...entry, ...set }));
}

for (const client of CLIENTS) {
  clients(client.name, () => {
    const { line, agreed } = documented(client.name);
    const file = sound();
    carryOut(line, file);
    const loaded = parse(JSON.stringify(file));
    assert.ok(loaded.ok, client.name);
    if (!loaded.ok) return;
    const peer = loaded.databases.peers[0]!;
    const proposal = loaded.databases.policies[0]!.proposal;
    const ours = espNamesWith(proposal, peer.compatibleWith);
    const ike = agree(ikeProposals(peer.profile), client.ike);
    const esp = agree(espProposals(ours, []), client.esp);
    const suites = [describeSuite(ikeSuite(ike.calls)!), describeSuite(espSuite(esp.calls)!)];
    assert.is(agreed, suites.join(', '));
    assert.ok(ikeSuite(ike.called) && espSuite(esp.called));
    checkRekey(client, ours, peer);
  });
}

/** The client calls and we choose; we call and the client chooses. */
function agree(ours: TransformProposal[], theirs: readonly TransformProposal[]) {
  const calls = selectProposal(ours, theirs);
  const called = selectProposal(theirs, ours);
  assert.ok(calls && called, 'nothing in common');
  return { calls: calls!.transforms, called: called!.transforms };
}

const GROUPS = { none: 0, modp1024: 2, modp2048: 14 } as const;

/** A child's replacement carries the client's group, or none, whoever asks for it (create-child.ts). */
function checkRekey({ esp, pfs }: Client, ours: EspNames, { compatibleWith, profile }: Peer) {
  const wanted = GROUPS[(pfs ?? 'none') as keyof typeof GROUPS];
  const group = { type: TRANSFORM_GROUP, id: wanted };
  const theirs = esp.map((one) => ({
    ...one,
    transforms: [...one.transforms, ...(wanted === 0 ? [] : [group])],
  }));
  const taken = espProposals(ours, groupsToTake(ours.pfsGroup, compatibleWith, profile));
  const theyAsk = selectProposal(taken, theirs);
  assert.ok(theyAsk, 'it can replace no child');
  const weAsk = groupsToAsk(ours.pfsGroup, compatibleWith)
    .map((name) => selectProposal(theirs, espProposals(ours, name === undefined ? [] : [name])))
    .find((chosen) => chosen !== undefined);
  assert.ok(weAsk, 'we can replace no child');
  for (const { transforms } of [theyAsk!, weAsk!]) {
    const [agreed] = choices({ protocol: 3, transforms }, TRANSFORM_GROUP);
    assert.is(agreed!.id, wanted);
  }
}

clients('docs/operating.md names no client that is not tested', () => {
  const [, table = ''] = DOCS.split('### Clients');
  const rows = [...table.split('\n| word ')[0]!.matchAll(/^\| ([^|]+?) \| /gm)].map(
    ([, name]) => name!,
  );
  const named = rows.filter((name) => name !== 'client' && !name.startsWith('-'));
  assert.equal(named.sort(), CLIENTS.map(({ name }) => name).sort());
});

clients('what is weak in compatible-with is said', () => {
  const file = { ...sound(), peer: [{ ...sound().peer![0], 'compatible-with': 'windows,apple' }] };
  const loaded = parse(JSON.stringify(file));
  assert.equal(loaded.ok && loaded.warnings.map(({ path, value }) => [path, value]), [
    ['peer[0].compatible-with', '"windows"'],
    ['peer[0].compatible-with', '"windows"'],
  ]);
  assert.match(
    loaded.ok ? loaded.warnings.map(({ text }) => text).join('\n') : '',
    /^dh-group modp1024: .*\nauth-algorithms sha1: /,
  );
});

clients('docs/operating.md says what compatible-with adds', () => {
  for (const name of CLIENT_NAMES) {
    const row = DOCS.split('\n').find((line) => line.startsWith(`| ${name} |`));
    const none = { dhGroup: [], encAlgorithm: [], hashAlgorithm: [] };
    const ike = ikeNamesWith(none, [name]);
    const esp = espNamesWith(
      { encAlgorithms: [], authAlgorithms: [], pfsGroup: undefined, esn: 'yes' },
      [name],
    );
    const words = [
      [...ike.encAlgorithm, ...ike.hashAlgorithm, ...ike.dhGroup].join(', '),
      [...esp.encAlgorithms, ...esp.authAlgorithms].join(', '),
      groupsToAsk('modp2048', [name])[0] ?? 'none',
    ];
    assert.is(row, `| ${name} | ${words.join(' | ')} |`);
  }
});

clients.run();
