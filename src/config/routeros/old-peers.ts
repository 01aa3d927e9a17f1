// Peers of RouterOS up to 6.43, which held what profiles and identities hold since, taken apart the
// way RouterOS's own upgrade did; and policies that name their peer by its address.
import { parseAddress, parsePrefix, prefixContains } from '../../policy/address.js';
import { type Draft, type Drafts, listOf } from './entries.js';
import { GONE, OF_IDENTITY, OF_PROFILE, RENAMED } from './names.js';
import type { Note } from './script.js';

/** `6.42.1` is older than `6.44`. */
function isOlder(version: string | undefined, than: readonly [number, number]): boolean {
  const [major, minor] = (version ?? '').split('.').map((part) => Number.parseInt(part, 10));
  if (major === undefined || Number.isNaN(major)) return false;
  return major < than[0] || (major === than[0] && (minor ?? 0) < than[1]);
}

/** Names of older RouterOS become today's; what is gone is dropped with its reason. */
export function renameProperties(drafts: Drafts, notes: Note[]): void {
  for (const [menu, list] of drafts) {
    for (const { values, line } of list) {
      for (const [old, name] of Object.entries(RENAMED[menu] ?? {})) {
        const value = values.get(old);
        if (value === undefined) continue;
        values.delete(old);
        values.set(name, value);
      }
      for (const [name, why] of Object.entries(GONE[menu] ?? {})) {
        const value = values.get(name);
        if (value === undefined) continue;
        values.delete(name);
        if (value !== '0' && value !== '') notes.push({ line, text: `${name}=${value}: ${why}` });
      }
    }
  }
}

export function takePeersApart(drafts: Drafts, version: string | undefined): void {
  const peers = drafts.get('peer') ?? [];
  const names = new Set(peers.map(({ values }) => values.get('name')));
  let number = 0;
  for (const peer of peers) {
    const { values } = peer;
    if (!values.has('name')) {
      do number++;
      while (names.has(`peer${number}`));
      values.set('name', `peer${number}`);
    }
    const name = values.get('name')!;
    const profile = take(peer, OF_PROFILE);
    if (profile.size > 0) {
      profile.set('name', `profile-${name}`);
      values.set('profile', `profile-${name}`);
      listOf(drafts, 'profile').push({ line: peer.line, builtin: false, values: profile });
    }
    const identity = take(peer, OF_IDENTITY);
    if (identity.size === 0 && !isOlder(version, [6, 44])) continue;
    identity.set('peer', name);
    if (values.get('disabled') === 'yes') identity.set('disabled', 'yes');
    listOf(drafts, 'identity').push({ line: peer.line, builtin: false, values: identity });
  }
}

function take({ values }: Draft, names: readonly string[]): Map<string, string> {
  const taken = new Map([...values].filter(([name]) => names.includes(name)));
  for (const name of taken.keys()) values.delete(name);
  return taken;
}

/** Ends of the SA say which peer is meant; with a peer they follow from it. */
export function findPeersOfPolicies(drafts: Drafts, notes: Note[]): void {
  for (const { values, line } of drafts.get('policy') ?? []) {
    const remote = parseAddress(values.get('sa-dst-address') ?? '');
    const local = values.get('sa-src-address');
    values.delete('sa-dst-address');
    values.delete('sa-src-address');
    if (!remote || remote.value === 0n || values.has('peer') || values.get('action') === 'none') {
      continue;
    }
    const matching = (drafts.get('peer') ?? [])
      .map((peer) => ({ peer, address: parsePrefix(peer.values.get('address') ?? '0.0.0.0/0') }))
      .filter(({ address }) => address !== undefined && prefixContains(address, remote))
      .sort((a, b) => b.address!.bits - a.address!.bits);
    const peer = matching[0]?.peer;
    if (!peer) {
      notes.push({ line, text: 'sa-dst-address is the address of no peer: say peer=… yourself' });
      continue;
    }
    values.set('peer', peer.values.get('name')!);
    const ours = parseAddress(local ?? '');
    if (ours && ours.value !== 0n && !peer.values.has('local-address')) {
      peer.values.set('local-address', local!);
    }
  }
}
