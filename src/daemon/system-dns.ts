// The host's own DNS servers, as resolv.conf(5) names them: what system-dns=yes gives road warriors.
import { readFileSync } from 'node:fs';
import { type Address, parseAddress } from '../policy/address.js';

export function systemDns(path = '/etc/resolv.conf'): Address[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    // no file: the host has no servers to name
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)].flatMap(([, word]) => {
    const address = parseAddress(word!);
    // the host's own stub answers nobody else
    return address && !isLoopback(address) ? [address] : [];
  });
}

const isLoopback = ({ family, value }: Address): boolean =>
  family === 4 ? value >> 24n === 127n : value === 1n;
