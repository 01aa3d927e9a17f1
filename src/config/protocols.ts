// IP protocols by RouterOS's names (IANA's numbers), for the property `protocol` and the tables.

export const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ggp: 3,
  ipencap: 4,
  st: 5,
  tcp: 6,
  egp: 8,
  pup: 12,
  udp: 17,
  hmp: 20,
  'xns-idp': 22,
  rdp: 27,
  'iso-tp4': 29,
  dccp: 33,
  xtp: 36,
  ddp: 37,
  'idpr-cmtp': 38,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  rsvp: 46,
  gre: 47,
  'ipsec-esp': 50,
  'ipsec-ah': 51,
  icmpv6: 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  rspf: 73,
  vmtp: 81,
  ospf: 89,
  ipip: 94,
  encap: 98,
  pim: 103,
  vrrp: 112,
  l2tp: 115,
  sctp: 132,
  'udp-lite': 136,
};

/** Protocols that carry ports in their first four bytes. */
export const WITH_PORTS: readonly number[] = [6, 17, 33, 132, 136];

const NAMES = new Map(Object.entries(PROTOCOLS).map(([name, number]) => [number, name]));

/** `tcp`, `all` for 0, the number itself where it has no name. */
export const protocolName = (number: number): string =>
  number === 0 ? 'all' : (NAMES.get(number) ?? String(number));
