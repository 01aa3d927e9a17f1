// The menus radius and radius-incoming as values for the daemon.
import type { Entry } from './menu.js';
import type { radiusMenu } from './menus/radius.js';
import type { Configuration } from './read.js';
import type { RadiusServerSettings, RadiusSettings } from './settings.js';
import { RADSEC_SECRET } from './radius-rules.js';

type Server = Entry<typeof radiusMenu>;

/** Servers for ipsec that are enabled. */
export function radiusOf(c: Configuration): RadiusSettings {
  const servers = c.radius
    .map(({ entry }) => entry)
    .filter(({ disabled, service }) => !disabled && service.includes('ipsec'));
  const incoming = c.radiusIncoming.entry;
  return {
    servers: servers.map(serverOf),
    accounting: c.settings.entry.accounting,
    interimUpdate: c.settings.entry['interim-update'],
    incoming: {
      accept: incoming.accept,
      port: incoming.port,
      requireTimestamp: incoming['require-timestamp'],
    },
  };
}

const serverOf = (entry: Server): RadiusServerSettings => ({
  address: entry.address,
  secret: entry.protocol === 'radsec' ? RADSEC_SECRET : entry.secret,
  authenticationPort: portOf(entry),
  accountingPort: entry['accounting-port'],
  timeoutMs: entry.timeout,
  deadTime: entry['dead-time'],
  srcAddress: entry['src-address'],
  radsec:
    entry.protocol === 'radsec'
      ? { certificate: entry.certificate ?? '', serverName: entry['server-name'] }
      : undefined,
});

/** RFC 6614 §2.1: RADIUS over TLS has a port of its own; 1812 is the default of the other. */
const portOf = (entry: Server): number =>
  entry.protocol === 'radsec' && entry['authentication-port'] === 1812
    ? 2083
    : entry['authentication-port'];
