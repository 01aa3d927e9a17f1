// Everybody else on the Internet, for the flood: a namespace behind a link of its own to a gateway, from
// which packets may come under any address of STRANGE. Answers to those end there: it forwards nothing.
//   site's gateway 192.0.2.253 ─ 192.0.2.254 strangers (203.0.113.0/24, 198.51.100.0/24 behind them)
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { addressBytes, prefixOf } from '../net/addressing.js';
import { joinNamespaces, Namespace } from '../net/namespace.js';
import { addRoute } from '../net/routes.js';
import type { FloodTask } from './flood.js';
import { spawnLogged } from './processes.js';
import { MAIN_TABLE, type Site } from './sites.js';

/** What forged sources are taken from. */
export const STRANGE = ['203.0.113.0', '198.51.100.0'] as const;
const NEAR = '192.0.2.253';
const FAR = '192.0.2.254';

export interface Strangers {
  readonly namespace: Namespace;
  /** One that is not forged. */
  readonly address: string;
}

export function buildStrangers({ gateway }: Site): Strangers {
  const namespace = new Namespace('strangers');
  joinNamespaces(
    { namespace, name: 'out', addresses: [`${FAR}/30`] },
    { namespace: gateway, name: 'strangers', addresses: [`${NEAR}/30`] },
  );
  const route = (destination: string, by: string) => ({
    destination: prefixOf(destination),
    table: MAIN_TABLE,
    type: 'unicast' as const,
    gateway: addressBytes(by),
  });
  namespace.configure((netlink) => addRoute(netlink, route('0.0.0.0/0', NEAR)));
  gateway.configure((netlink) => {
    for (const network of STRANGE) addRoute(netlink, route(`${network}/24`, FAR));
  });
  return { namespace, address: FAR };
}

/** Starts flood.ts there; it prints one FloodResult. */
export function startFlood({ namespace }: Strangers, task: FloodTask, log: string[]): ChildProcess {
  const file = fileURLToPath(new URL('./flood.js', import.meta.url));
  return spawnLogged(namespace, [process.execPath, file, JSON.stringify(task)], log);
}
