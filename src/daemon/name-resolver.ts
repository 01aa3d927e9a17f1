// The addresses of a DNS name with how long they hold: asked of the DNS itself, which tells the time to
// live; what it does not know or cannot say is asked of the host (/etc/hosts, nsswitch.conf).
import { lookup, Resolver } from 'node:dns/promises';
import { type Address, parseAddress } from '../policy/address.js';

export interface Resolved {
  /** At least one. */
  readonly addresses: readonly Address[];
  /** Seconds; undefined: not said. */
  readonly ttl: number | undefined;
}
/** Rejects with a reason for the operator. `family`: of our own address, where that is given. */
export type ResolveName = (name: string, family: 4 | 6 | undefined) => Promise<Resolved>;

/** Our own choice; the host is asked next. */
const PATIENCE = { timeout: 2000, tries: 2 };
/** The name, or an address of this family, is not there: an answer, and not a failure to ask. */
const NONE = ['ENODATA', 'ENOTFOUND'];

export const resolveName: ResolveName = async (name, family) => {
  try {
    return await askDns(name, family);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return askHost(name, family, codeOf(error));
  }
};

async function askDns(name: string, family: 4 | 6 | undefined): Promise<Resolved> {
  // Made anew each time: resolv.conf may have changed.
  const resolver = new Resolver(PATIENCE);
  const none = (error: unknown): [] => {
    if (NONE.includes(codeOf(error))) return [];
    throw error;
  };
  const answers = await Promise.all([
    family === 6 ? [] : resolver.resolve4(name, { ttl: true }).catch(none),
    family === 4 ? [] : resolver.resolve6(name, { ttl: true }).catch(none),
  ]);
  const records = answers.flat();
  if (records.length === 0) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
  return {
    addresses: records.map(({ address }) => understood(address)),
    ttl: Math.min(...records.map(({ ttl }) => ttl)),
  };
}

async function askHost(name: string, family: 4 | 6 | undefined, before: string): Promise<Resolved> {
  const options = { all: true, order: 'ipv4first', family: family ?? 0 } as const;
  try {
    const found = await lookup(name, options);
    return { addresses: found.map(({ address }) => understood(address)), ttl: undefined };
  } catch (error) {
    const host = codeOf(error);
    throw new Error(host === before ? before : `${before} of the DNS, ${host} of the host`, {
      cause: error,
    });
  }
}

function understood(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`its address ${text} is not understood`);
  return address;
}

const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? (error as Error).message;
