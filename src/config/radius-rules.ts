// What one entry of the menu radius alone cannot show.
import { formatAddress } from '../policy/address.js';
import { enabled, type Rule } from './found.js';
import type { Warning } from './problem.js';
import type { Configuration } from './read.js';

// RFC 2865 §3: at least 16 bytes; an attacker who has one packet may guess at leisure.
const SHORT_SECRET = 16;

export const radiusServersFit: Rule = (c, problems) => {
  const first = new Map<string, string>();
  const all = enabled(c.radius, 'address', 'src-address', 'authentication-port', 'service');
  for (const { path, entry } of all) {
    const { family } = entry.address;
    const source = entry['src-address'];
    if (source !== undefined && source.family !== family) {
      const expected = `an IPv${family} address, as address is`;
      problems.push({ path: `${path}.src-address`, value: `IPv${source.family}`, expected });
    }
    if (!entry.service.includes('ipsec')) continue;
    const key = `${formatAddress(entry.address)} ${entry['authentication-port']}`;
    const other = first.get(key);
    if (other !== undefined) {
      const expected = `a server that is not there yet; ${other} is the same`;
      problems.push({ path: `${path}.address`, value: key, expected });
    } else first.set(key, path);
  }
};

/** Nothing here stops the gateway; it lets nobody in, or is weak. */
export function radiusWarnings(c: Configuration): Warning[] {
  const servers = enabled(c.radius).filter(({ entry }) => entry.service.includes('ipsec'));
  const secrets = servers
    .filter(({ entry }) => entry.secret.length < SHORT_SECRET)
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
