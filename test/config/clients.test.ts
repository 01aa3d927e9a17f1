// Every client people have finds what it shares with our defaults, or with the one line per menu that
// docs/operating.md names for it: when it calls us, when we call it, and when a child is replaced.
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeSuite } from '../../src/algorithms/describe.js';
import {
  choices,
  espProposals,
  espSuite,
  ikeProposals,
  ikeSuite,
  selectProposal,
} from '../../src/algorithms/proposals.js';
import { TRANSFORM_GROUP, type TransformProposal } from '../../src/algorithms/transform.js';
import { parse } from '../../src/config/load.js';
import { type Client, CLIENTS } from '../vectors/client-proposals.js';
import { sound } from './configuration.js';

const clients = suite('clients');

const DOCS = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');

/** The row of a client in the table "Clients": what to set, and what then is agreed. */
function documented(name: string): { profile: string; proposal: string; agreed: string } {
  const row = DOCS.split('\n').find((line) => line.startsWith(`| ${name} |`));
  assert.ok(row, `docs/operating.md has no row for ${name}`);
  const [, , profile = '', proposal = '', agreed = ''] = row!.split('|').map((cell) => cell.trim());
  return { profile, proposal, agreed };
}

/** `dh-group=a,b pfs-group=none` in backquotes, as an entry. */
const entryOf = (cell: string): Record<string, string> =>
  Object.fromEntries(
    [...cell.matchAll(/([a-z-]+)=([^\s`]+)/g)].map(([, name, value]) => [name!, value!]),
  );

/** One transform per type of each proposal, as a client that knows no more would say it. */
const group = (id: number): TransformProposal['transforms'][number] => ({
  type: TRANSFORM_GROUP,
  id,
});

for (const client of CLIENTS) {
  clients(client.name, () => {
    const { profile, proposal, agreed } = documented(client.name);
    const file = sound();
    file.profile = [{ name: 'default', ...entryOf(profile) }];
    file.proposal = [{ name: 'default', ...entryOf(proposal) }];
    const loaded = parse(JSON.stringify(file));
    assert.ok(loaded.ok, client.name);
    if (!loaded.ok) return;
    const ours = loaded.databases.policies[0]!.proposal;
    const ourProfile = loaded.databases.peers[0]!.profile;
    const ike = agree(ikeProposals(ourProfile), client.ike);
    const esp = agree(espProposals(ours, []), client.esp);
    const suites = [describeSuite(ikeSuite(ike.calls)!), describeSuite(espSuite(esp.calls)!)];
    assert.is(agreed, suites.join(', '));
    assert.ok(ikeSuite(ike.called) && espSuite(esp.called));
    checkRekey(client, ours, ourProfile.dhGroup);
  });
}

/** The client calls and we choose; we call and the client chooses. */
function agree(ours: TransformProposal[], theirs: readonly TransformProposal[]) {
  const calls = selectProposal(ours, theirs);
  const called = selectProposal(theirs, ours);
  assert.ok(calls && called, 'nothing in common');
  return { calls: calls!.transforms, called: called!.transforms };
}

/** A child's replacement carries the client's group, or none; ours is the policy's (create-child.ts). */
function checkRekey(
  { esp, pfs }: Client,
  ours: Parameters<typeof espProposals>[0],
  dh: readonly string[],
) {
  const accepted = ours.pfsGroup === undefined ? [undefined, ...dh] : [ours.pfsGroup];
  const groups = { none: 0, modp1024: 2, modp2048: 14 } as const;
  const wanted = groups[(pfs ?? 'none') as keyof typeof groups];
  const theirs = esp.map((one) => ({
    ...one,
    transforms: [...one.transforms, ...(wanted === 0 ? [] : [group(wanted)])],
  }));
  const chosen = selectProposal(espProposals(ours, accepted), theirs);
  assert.ok(chosen, 'no replacement of a child is possible');
  const [agreed] = choices({ protocol: 3, transforms: chosen!.transforms }, TRANSFORM_GROUP);
  assert.is(agreed!.id, wanted);
}

clients('docs/operating.md names no client that is not tested', () => {
  const [, table = ''] = DOCS.split('### Clients');
  const rows = [...table.split('\n## ')[0]!.matchAll(/^\| ([^|]+?) \| /gm)].map(
    ([, name]) => name!,
  );
  const named = rows.filter((name) => name !== 'client' && !name.startsWith('-'));
  assert.equal(named.sort(), CLIENTS.map(({ name }) => name).sort());
});

clients.run();
