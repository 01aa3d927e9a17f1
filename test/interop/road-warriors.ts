// charon as many road warriors at once: each its own connection and identity, all from one address.
import { SECRET } from './tunnel.js';

export interface Warriors {
  readonly count: number;
  /** Addresses asked for: `0.0.0.0`, `::`. */
  readonly vips: readonly string[];
  /** strongSwan's spelling of both proposals. */
  readonly ike: string;
  readonly esp: string;
  readonly remoteTs: readonly string[];
}

export const warrior = (number: number): string => `w${number}`;

/** swanctl.conf of `count` of them. */
export function warriorSettings({ count, vips, ike, esp, remoteTs }: Warriors): string {
  const one = (name: string): string => `  ${name} {
    version = 2
    mobike = no
    local_addrs = 192.0.2.2
    remote_addrs = 192.0.2.1
    vips = ${vips.join(', ')}
    proposals = ${ike}
    unique = no
    local { auth = psk
      id = ${name}.example }
    remote { auth = psk
      id = moon.example }
    children { ${name} {
      local_ts = dynamic
      remote_ts = ${remoteTs.join(', ')}
      esp_proposals = ${esp}
      start_action = none } } }`;
  const all = Array.from({ length: count }, (_, number) => one(warrior(number)));
  return `connections {
${all.join('\n')} }
secrets { ike-1 { secret = "${SECRET}" } }
`;
}
