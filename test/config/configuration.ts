// A small configuration that is right, and ways to change it.

export type Json = Record<string, unknown>;

/** One peer `p`, its identity, one policy; profile and proposal are named so that tests can vary them. */
export function sound(): Record<string, Json[]> & { tun: Json; log: Json } {
  return {
    peer: [{ name: 'p', address: '192.0.2.1', profile: 'default' }],
    identity: [{ peer: 'p', secret: 'a long and random secret' }],
    profile: [{ name: 'default' }],
    proposal: [{ name: 'default' }],
    policy: [{ 'src-address': '198.51.100.0/24', 'dst-address': '203.0.113.0/24', peer: 'p' }],
    tun: {},
    log: {},
  } as unknown as Record<string, Json[]> & { tun: Json; log: Json };
}
