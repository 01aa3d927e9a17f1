// What one entry of the menu radius alone cannot show.
import { formatAddress } from '../policy/address.js';
import { enabled, type Rule } from './found.js';
import { type Problem, show, type Warning } from './problem.js';
import type { Configuration } from './read.js';

// RFC 2865 §3: at least 16 bytes; an attacker who has one packet may guess at leisure.
const SHORT_SECRET = 16;

/** RFC 6614 §2.3: what stands for the secret where TLS protects. RouterOS writes it out. */
export const RADSEC_SECRET: Uint8Array = new TextEncoder().encode('radsec');
const isRadsec = (secret: Uint8Array): boolean => Buffer.compare(secret, RADSEC_SECRET) === 0;

export const radiusServersFit: Rule = (c, problems) => {
  const first = new Map<string, string>();
  const all = enabled(
    c.radius,
    'address',
    'src-address',
    'authentication-port',
    'service',
    'protocol',
    'secret',
    'certificate',
    'server-name',
  );
  for (const { path, entry } of all) {
    const { family } = entry.address;
    const source = entry['src-address'];
    if (source !== undefined && source.family !== family) {
      const expected = `an IPv${family} address, as address is`;
      problems.push({ path: `${path}.src-address`, value: `IPv${source.family}`, expected });
    }
    checkProtocol(path, entry, problems);
    if (!entry.service.includes('ipsec')) continue;
    const key = `${formatAddress(entry.address)} ${entry['authentication-port']}`;
    const other = first.get(key);
    if (other !== undefined) {
      const expected = `a server that is not there yet; ${other} is the same`;
      problems.push({ path: `${path}.address`, value: key, expected });
    } else first.set(key, path);
  }
};

/** What each protocol needs, and what it has no use for. */
function checkProtocol(
  path: string,
  entry: Configuration['radius'][number]['entry'],
  problems: Problem[],
): void {
  const { protocol, secret, certificate } = entry;
  const wrong = (name: string, value: string, expected: string): void => {
    problems.push({ path: `${path}.${name}`, value, expected });
  };
  const nothing = `nothing: protocol=${protocol} has no use for it`;
  if (protocol === 'udp') {
    if (secret.length === 0) wrong('secret', 'nothing', 'a secret: protocol=udp needs one');
    if (certificate !== undefined) wrong('certificate', show(certificate), nothing);
    if (entry['server-name'] !== '') wrong('server-name', show(entry['server-name']), nothing);
  } else if (protocol === 'radsec') {
    if (secret.length > 0 && !isRadsec(secret)) wrong('secret', '[hidden]', nothing);
    if (certificate === undefined) {
      wrong('certificate', 'nothing', 'a certificate: protocol=radsec needs one');
    }
  }
}

/** Nothing here stops the gateway; it lets nobody in, or is weak. */
export function radiusWarnings(c: Configuration): Warning[] {
  const servers = enabled(c.radius).filter(({ entry }) => entry.service.includes('ipsec'));
  const secrets = servers
    .filter(({ entry }) => entry.protocol === 'udp' && entry.secret.length < SHORT_SECRET)
    .map(({ path }) => ({
      path: `${path}.secret`,
      value: '[hidden]',
      text: `shorter than ${SHORT_SECRET} bytes: who sees one packet can guess it at leisure`,
    }));
  const users = enabled(c.identities).filter(
    ({ entry }) => entry['auth-method'] === 'eap-radius' && servers.length === 0,
  );
  const nobody = users.map(({ path }) => ({
    path: `${path}.auth-method`,
    value: '"eap-radius"',
    text: 'nobody can get in: no entry of the menu radius is for service ipsec',
  }));
  return [...secrets, ...nobody];
}
