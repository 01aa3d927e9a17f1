// Connections that connection tracking knows (linux/netfilter/nfnetlink_conntrack.h). Those translated to an
// address of ours that is gone would keep it for as long as packets come; forgotten, they are made anew.
import { bytesAttribute, decodeAttributes } from './attributes.js';
import { AF_INET, AF_INET6, NLA_F_NESTED, NETLINK_NETFILTER } from './linux.js';
import { SystemError } from './libc.js';
import { sameBytes } from './addressing.js';
import { Netlink, type Request } from './netlink.js';

const SUBSYSTEM = 1 << 8; // NFNL_SUBSYS_CTNETLINK
const [GET, DELETE] = [1, 2];
const [TUPLE_ORIGINAL, TUPLE_REPLY, ZONE] = [1, 2, 18];
const TUPLE_IP = 1;
const PLACES = { 4: { source: 1, destination: 2 }, 16: { source: 3, destination: 4 } } as const;
const FAMILIES = { 4: AF_INET, 16: AF_INET6 } as const;
const SUBJECT = 'a socket for connection tracking';
/** A kernel without nf_conntrack_netlink: such connections end by themselves, when no packet comes. */
const ABSENT: ReadonlySet<string> = new Set(['EPROTONOSUPPORT', 'EOPNOTSUPP', 'EINVAL', 'ENOENT']);

/** Forgets the connections whose source was translated to `address`; how many those were. */
export function forgetTranslated(address: Uint8Array): number {
  const bytes = address.length === 4 ? 4 : 16;
  const netlink = new Netlink(NETLINK_NETFILTER, SUBJECT);
  try {
    const found = netlink
      .dump(request(GET, bytes, 'list connections'))
      .map(({ attributes }) => attributes)
      .filter((attributes) => isTranslatedTo(attributes, address));
    const gone = found.map((attributes): Request => {
      const named = [TUPLE_ORIGINAL | NLA_F_NESTED, ZONE].flatMap((type) => {
        const data = attributes.get(type & ~NLA_F_NESTED);
        return data ? [bytesAttribute(type, data)] : [];
      });
      return { ...request(DELETE, bytes, 'forget a connection'), attributes: named };
    });
    // one may have ended meanwhile
    netlink.changeAll(gone, (one) => one, new Set(['ENOENT']));
    return gone.length;
  } catch (error) {
    if (error instanceof SystemError && ABSENT.has(error.code)) return 0;
    throw error;
  } finally {
    netlink.close();
  }
}

const request = (number: number, bytes: 4 | 16, what: string): Request => ({
  type: SUBSYSTEM | number,
  body: Uint8Array.of(FAMILIES[bytes], 0, 0, 0), // struct nfgenmsg
  what,
});

/** Answers come for it, and it is not where the connection came from. */
function isTranslatedTo(attributes: ReadonlyMap<number, Uint8Array>, address: Uint8Array): boolean {
  const { source, destination } = PLACES[address.length === 4 ? 4 : 16];
  const at = (tuple: number, place: number): Uint8Array | undefined => {
    const ip = decodeAttributes(attributes.get(tuple) ?? NOTHING).get(TUPLE_IP);
    return decodeAttributes(ip ?? NOTHING).get(place);
  };
  const [replies, original] = [at(TUPLE_REPLY, destination), at(TUPLE_ORIGINAL, source)];
  if (!replies || !original) return false;
  return sameBytes(replies, address) && !sameBytes(original, address);
}

const NOTHING = new Uint8Array(0);
