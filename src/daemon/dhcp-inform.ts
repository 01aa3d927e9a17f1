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
const [PAD, END] = [0, 255];
const [DNS, DOMAIN, MESSAGE_TYPE, SERVER, ROUTES, MICROSOFT_ROUTES] = [6, 15, 53, 54, 121, 249];
const [INFORM, ACK] = [8, 5];
const MOST_OPTION = 255;

/** The address a DHCPINFORM is about; undefined: it is none. */
export function readInform(bytes: Uint8Array): Address | undefined {
  if (bytes.length < OPTIONS_AT || bytes[0] !== REQUEST) return undefined;
  if (COOKIE.some((byte, at) => bytes[COOKIE_AT + at] !== byte)) return undefined;
  if (option(bytes, MESSAGE_TYPE)?.[0] !== INFORM) return undefined;
  return addressFromBytes(bytes.slice(CIADDR_AT, CIADDR_AT + 4));
}

/** Lengths first: what runs over the end is no option. */
function option(bytes: Uint8Array, code: number): Uint8Array | undefined {
  for (let at = OPTIONS_AT; at < bytes.length && bytes[at] !== END; ) {
    if (bytes[at] === PAD) {
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
  const routes = routesOf(given.networks);
  const dns = given.dns.filter(({ family }) => family === 4).flatMap((one) => [...toBytes(one)]);
  const domain = [...new TextEncoder().encode(given.domains[0] ?? '')];
  const options = [
    [MESSAGE_TYPE, [ACK]],
    [SERVER, [...toBytes(server)]],
    [DNS, dns.slice(0, MOST_OPTION - (MOST_OPTION % 4))],
    [DOMAIN, domain],
    [ROUTES, routes],
    [MICROSOFT_ROUTES, routes],
  ] as const;
  const written = options.flatMap(([code, value]) =>
    value.length === 0 || value.length > MOST_OPTION ? [] : [code, value.length, ...value],
  );
  return Uint8Array.of(...head, ...written, END);
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
