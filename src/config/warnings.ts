// What is allowed and yet unsafe or probably not meant. `culvert check` and `run` print these; they
// stop nothing.
import { clientWords } from '../algorithms/clients.js';
import { formatPrefix } from '../policy/address.js';
import { coveredBy } from './hidden-policies.js';
import { whyUnsafe } from './algorithms.js';
import { show, type Warning } from './problem.js';
import { radiusWarnings } from './radius-rules.js';
import type { Configuration } from './read.js';
import { formatPeerAddress, isSingleHost } from './address-rules.js';
import { notStarted, setAside } from './later.js';
import { modeConfigWarnings, templateWarnings } from './template-rules.js';

// Our own choice: 16 bytes are what a random key of 128 bits takes.
const SHORT_SECRET = 16;

export function findWarnings(c: Configuration): Warning[] {
  return [
    ...algorithms(c),
    ...secrets(c),
    ...certificates(c),
    ...peers(c),
    ...policies(c),
    ...radiusWarnings(c),
    ...templateWarnings(c),
    ...modeConfigWarnings(c),
    ...later(c),
  ];
}

/** Every value of every entry is looked up: a new property with algorithms needs no line here. */
function algorithms(c: Configuration): Warning[] {
  return [...c.profiles, ...c.proposals].flatMap(({ path, entry }) =>
    Object.entries(entry).flatMap(([property, value]) =>
      [value].flat().flatMap((name: unknown) => {
        const text = typeof name === 'string' ? whyUnsafe(property, name) : undefined;
        return text ? [{ path: `${path}.${property}`, value: show(name), text }] : [];
      }),
    ),
  );
}

/** RFC 7296 §2.15: the AUTH payload lets whoever gets one test guesses offline. */
function secrets(c: Configuration): Warning[] {
  return c.identities
    .filter(({ entry: { disabled, secret } }) => {
      return !disabled && secret.length > 0 && secret.length < SHORT_SECRET;
    })
    .map(({ path }) => ({
      path: `${path}.secret`,
      value: '[hidden]',
      text:
        `shorter than ${SHORT_SECRET} bytes: whoever answers in the peer's place once can guess it ` +
        'at leisure; `openssl rand -hex 32` makes a good one (write 0x before it)',
    }));
}

function certificates(c: Configuration): Warning[] {
  const trusted = c.certificates.some(({ entry }) => entry.trusted);
  return c.identities.flatMap(({ path, entry }) => {
    const { disabled, 'auth-method': method, 'remote-certificate': pinned } = entry;
    if (disabled || !['digital-signature', 'eap'].includes(method)) return [];
    const found: Warning[] = [];
    if (entry['remote-id'].kind === 'ignore' && entry['match-by'] === 'remote-id' && !pinned) {
      const text = 'whoever has a certificate of a trusted CA may say it is this peer';
      found.push({ path: `${path}.remote-id`, value: '"ignore"', text });
    }
    if (!trusted && !pinned) {
      const text = 'nobody gets in: no certificate is trusted, and there is no remote-certificate';
      found.push({ path: `${path}.auth-method`, value: show(method), text });
    }
    return found;
  });
}

function peers(c: Configuration): Warning[] {
  return [...compatibility(c), ...networks(c)];
}

/** What clients need is no better for being needed. */
function compatibility(c: Configuration): Warning[] {
  return c.peers.flatMap(({ path, entry }) =>
    entry['compatible-with'].flatMap((client) =>
      clientWords(client).flatMap(([property, word]) => {
        const text = whyUnsafe(property, word);
        const at = `${path}.compatible-with`;
        return text
          ? [{ path: at, value: show(client), text: `${property} ${word}: ${text}` }]
          : [];
      }),
    ),
  );
}

function networks(c: Configuration): Warning[] {
  return c.peers.flatMap(({ path, entry }) => {
    if (entry.disabled || entry.passive || isSingleHost(entry.address)) return [];
    const text = 'a network cannot be called, we only respond; say "passive": true if it is meant';
    return [{ path: `${path}.address`, value: formatPeerAddress(entry.address), text }];
  });
}

function policies(c: Configuration): Warning[] {
  // Dropped, not passed: a policy without a peer still protects.
  const off = new Set(c.peers.flatMap(({ entry }) => (entry.disabled ? [entry.name] : [])));
  const live = c.policies.filter(({ entry }) => !entry.disabled && !entry.template);
  const covered = coveredBy(live.map(({ entry }) => entry));
  return live.flatMap(({ path, entry }, at) => {
    const found: Warning[] = [];
    if (entry.action === 'encrypt' && entry.level === 'use') {
      const text = 'packets pass IN THE CLEAR while there is no SA';
      found.push({ path: `${path}.level`, value: '"use"', text });
    }
    for (const peer of entry.peer.filter((name) => off.has(name))) {
      const rest = entry.peer.filter((other) => !off.has(other));
      const text =
        rest.length > 0
          ? `the peer is disabled: of this policy's peers only ${rest.join(', ')} can be used`
          : 'the peer is disabled: packets of this policy are dropped';
      found.push({ path: `${path}.peer`, value: show(peer), text });
    }
    const first = covered[at];
    const earlier = first === undefined ? undefined : live[first];
    if (earlier) {
      const value = `${formatPrefix(entry['src-address'])} → ${formatPrefix(entry['dst-address'])}`;
      found.push({ path, value, text: `never reached: ${earlier.path} matches all its packets` });
    }
    return found;
  });
}

/** What is written, is right, and waits for something that is still to be built. */
function later(c: Configuration): Warning[] {
  const peers = [...notStarted(c)].flatMap(([name, reasons]) =>
    reasons.map(({ path, value, what }) => ({
      path,
      value,
      text: `peer ${name} is not started: ${what} is not there yet`,
    })),
  );
  const entries = setAside(c).map(({ path, value, what }) => ({
    path,
    value,
    text: `not used: it waits for ${what}`,
  }));
  const menus = c.all.flatMap(({ menu, found }) => {
    const count = found.filter(({ path }) => path.includes('[')).length;
    if (menu.later === undefined || count === 0) return [];
    const value = `${count} ${count === 1 ? 'entry' : 'entries'}`;
    return [{ path: menu.name, value, text: `not used: it waits for ${menu.later}` }];
  });
  return [...peers, ...entries, ...menus];
}
