// Culvert itself at both sites as a user starts it, and the bare path without any tunnel: what the
// namespaces and the load generator carry on their own.
import type { ChildProcess } from 'node:child_process';
import { prefixOf, addressBytes } from '../net/addressing.js';
import { addRoute } from '../net/routes.js';
import type { Ground, Peer, Proposal } from './peer.js';
import { MAIN_TABLE, type Site, startGateway, tunnelConfiguration } from './sites.js';

/** `udp`: ESP in UDP, as the other peers send it; else as IP protocol 50. */
export const culvert = (version: string, udp: boolean): Peer => ({
  name: 'culvert',
  version: () => `culvert ${version}, ${udp ? 'ESP in UDP' : 'plain ESP'}`,
  missing: () => undefined,
  carries: () => true,
  start: async (ground, proposal) => {
    const { west, east } = ground;
    const start = (site: Site, remote: Site): ChildProcess =>
      startOne(ground, tunnelConfiguration(site, remote, udp), site, proposal);
    return [start(east, west), start(west, east)];
  },
});

function startOne(
  ground: Ground,
  tunnel: object,
  site: Site,
  { enc, auth }: Proposal,
): ChildProcess {
  const configuration = {
    ...tunnel,
    proposal: [
      { name: 'default', 'enc-algorithms': enc, ...(auth ? { 'auth-algorithms': auth } : {}) },
    ],
  };
  const log = (line: string): void => void ground.log.push(`${line}\n`);
  return startGateway(site, configuration, ground.directory, log);
}

export const bare: Peer = {
  name: 'bare',
  version: () => 'no tunnel: the namespaces and the load generator alone',
  missing: () => undefined,
  carries: () => true,
  start: async ({ west, east }) => {
    for (const [site, remote] of [
      [west, east],
      [east, west],
    ] as const) {
      site.gateway.configure((netlink) =>
        addRoute(netlink, {
          destination: prefixOf(remote.network),
          table: MAIN_TABLE,
          type: 'unicast',
          gateway: addressBytes(remote.outer),
        }),
      );
    }
    return [];
  },
};
