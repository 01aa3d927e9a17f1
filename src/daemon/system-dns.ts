// The host's own DNS servers, as resolv.conf(5) names them: what system-dns=yes gives road warriors.
import { readFileSync } from 'node:fs';
import { type Address, parseAddress } from '../policy/address.js';

/** Where systemd-resolved has the servers that it asks; resolv.conf names but its stub then. */
const RESOLVED = '/run/systemd/resolve/resolv.conf';

export function systemDns(path = '/etc/resolv.conf', resolved = RESOLVED): Address[] {
  const own = serversOf(path);
  // The host's own stub answers nobody else.
  const reachable = own.filter((address) => !isLoopback(address));
  if (reachable.length > 0 || own.length === 0) return reachable;
  return serversOf(resolved).filter((address) => !isLoopback(address));
}

function serversOf(path: string): Address[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    // no file: the host has no servers to name
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const words = [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, word]) => word!);
  return words.flatMap((word) => parseAddress(word) ?? []);
}

const isLoopback = ({ family, value }: Address): boolean =>
  family === 4 ? value >> 24n === 127n : value === 1n;
