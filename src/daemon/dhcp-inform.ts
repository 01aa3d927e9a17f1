// DHCPINFORM (RFC 2131 §3.4): how Windows asks, through the tunnel, which networks lie behind it, since
// it takes no notice of the attributes of IKE. The answer has them as classless static routes, in the
// option of RFC 3442 and in Microsoft's own.
//
//   op 1, htype 1, hlen 1, hops 1 │ xid 4 │ secs 2, flags 2 │ ciaddr, yiaddr, siaddr, giaddr 4 each
//   chaddr 16 │ sname 64 │ file 128 │ magic cookie 4 │ options: code, length, value … 255
import type { Given } from '../ike/parts/configuration.js';
import { type Address, addressFromBytes, type Prefix, toBytes } from '../policy/address.js';

const OPTIONS_AT = 240;
const COOKIE_AT = 236;
const COOKIE = [99, 130, 83, 99];
const CIADDR_AT = 12;
const [REQUEST, REPLY] = [1, 2];
const MOST_OPTION = 255;

/** RFC 2132 §9.6. */
const MESSAGE = { ack: 5, inform: 8 } as const;

/** Codes of IANA's registry "BOOTP Vendor Extensions and DHCP Options". */
const OPTION = {
  pad: 0, // RFC 2132 §3.1
  dns: 6, // RFC 2132 §3.8
  domain: 15, // RFC 2132 §3.17
  messageType: 53, // RFC 2132 §9.6
  server: 54, // RFC 2132 §9.7
  routes: 121, // RFC 3442
  microsoftRoutes: 249, // the same, where Windows has looked for it since before RFC 3442
  end: 255, // RFC 2132 §3.2
} as const;

interface Answer {
  readonly given: Given;
  readonly server: Address;
}

/** What the answer says, in this order; what has no bytes is left out. */
const ANSWERED: readonly {
  readonly code: number;
  readonly value: (answer: Answer) => readonly number[];
}[] = [
  { code: OPTION.messageType, value: () => [MESSAGE.ack] },
  { code: OPTION.server, value: ({ server }) => [...toBytes(server)] },
  { code: OPTION.dns, value: ({ given }) => dnsOf(given) },
  { code: OPTION.domain, value: ({ given }) => [...Buffer.from(given.domains[0] ?? '')] },
  { code: OPTION.routes, value: ({ given }) => routesOf(given.networks) },
  { code: OPTION.microsoftRoutes, value: ({ given }) => routesOf(given.networks) },
];

/** The address a DHCPINFORM is about; undefined: it is none. */
export function readInform(bytes: Uint8Array): Address | undefined {
  if (bytes.length < OPTIONS_AT || bytes[0] !== REQUEST) return undefined;
  if (COOKIE.some((byte, at) => bytes[COOKIE_AT + at] !== byte)) return undefined;
  if (option(bytes, OPTION.messageType)?.[0] !== MESSAGE.inform) return undefined;
  return addressFromBytes(bytes.slice(CIADDR_AT, CIADDR_AT + 4));
}

/** Lengths first: what runs over the end is no option. */
function option(bytes: Uint8Array, code: number): Uint8Array | undefined {
  for (let at = OPTIONS_AT; at < bytes.length && bytes[at] !== OPTION.end; ) {
    if (bytes[at] === OPTION.pad) {
      at++;
      continue;
    }
    const length = bytes[at + 1];
    if (length === undefined || at + 2 + length > bytes.length) return undefined;
    if (bytes[at] === code) return bytes.subarray(at + 2, at + 2 + length);
    at += 2 + length;
  }
  return undefined;
}

/** DHCPACK without a lease: transaction, flags and hardware address are the client's (§4.3.5). */
export function answerInform(asked: Uint8Array, given: Given, server: Address): Uint8Array {
  const head = asked.slice(0, OPTIONS_AT);
  head[0] = REPLY;
  head[3] = 0;
  head.fill(0, CIADDR_AT + 4, CIADDR_AT + 12); // yiaddr, siaddr
  const written = ANSWERED.flatMap(({ code, value }) => {
    const bytes = value({ given, server });
    return bytes.length === 0 || bytes.length > MOST_OPTION ? [] : [code, bytes.length, ...bytes];
  });
  return Uint8Array.of(...head, ...written, OPTION.end);
}

function dnsOf({ dns }: Given): number[] {
  const four = dns.filter(({ family }) => family === 4).flatMap((one) => [...toBytes(one)]);
  return four.slice(0, MOST_OPTION - (MOST_OPTION % 4));
}

/** Width, the octets that matter, router 0.0.0.0: on the link, which is the tunnel (RFC 3442). */
function routesOf(networks: readonly Prefix[]): number[] {
  const routes: number[] = [];
  for (const { address, bits } of networks) {
    if (address.family !== 4) continue;
    const one = [bits, ...toBytes(address).slice(0, Math.ceil(bits / 8)), 0, 0, 0, 0];
    if (routes.length + one.length <= MOST_OPTION) routes.push(...one);
  }
  return routes;
}
