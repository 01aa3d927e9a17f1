// What the configuration says beside the databases: our own menus `tun` and `log`, and RADIUS, as
// values.
import type { Address } from '../policy/address.js';

export interface TunSettings {
  /** Name of the TUN device, and of the control socket. */
  readonly name: string;
  /** Bytes of the largest inner packet. */
  readonly mtu: number;
  /** Data plane threads; 0: one per processor. */
  readonly workers: number;
  /** First routing table of ours. */
  readonly table: number;
  /** Priority of our first routing rule: smaller is asked earlier. */
  readonly rulePriority: number;
  /** Whether protected packets are refused, not sent in the clear, while no daemon is there. */
  readonly failClosed: boolean;
  /** Whether packets that should have come through a tunnel and did not are refused. */
  readonly refusePlain: boolean;
  /** Where the addresses that pools gave are kept, unless at the usual place. */
  readonly leaseFile: string | undefined;
  /** Whether the MSS of TCP SYNs is lowered to what the tunnel carries. */
  readonly mssClamp: boolean;
  /** Whether peers are asked how large a packet their path carries. */
  readonly mtuProbe: boolean;
  /** Whether the kernel hands us super-packets, and we it. */
  readonly offload: boolean;
}

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  readonly format: 'text' | 'json';
}

/** A RADIUS server for service ipsec. */
export interface RadiusServerSettings {
  readonly address: Address;
  readonly secret: Uint8Array;
  readonly authenticationPort: number;
  readonly accountingPort: number;
  readonly timeoutMs: number;
  /** Seconds. */
  readonly deadTime: number;
  readonly srcAddress: Address | undefined;
  /** Over TLS, to authenticationPort alone. */
  readonly radsec: RadsecSettings | undefined;
}

export interface RadsecSettings {
  /** Of ours, by its name in the menu certificate. */
  readonly certificate: string;
  /** What the server's certificate must hold; empty: its address. */
  readonly serverName: string;
}

export interface RadiusSettings {
  /** In the order they are asked. */
  readonly servers: readonly RadiusServerSettings[];
  readonly accounting: boolean;
  /** Seconds between two reports of a session; 0: none. */
  readonly interimUpdate: number;
  readonly incoming: {
    readonly accept: boolean;
    readonly port: number;
    readonly requireTimestamp: boolean;
  };
}

/** Where the figures for Prometheus are. */
export interface MetricsSettings {
  /** undefined: nowhere. */
  readonly address: string | undefined;
  readonly port: number;
}

export interface Settings {
  readonly tun: TunSettings;
  readonly log: LogSettings;
  /** What is believed of a certificate whose revocation nobody knows. */
  readonly revocation: 'strict' | 'if-present' | 'off';
  /** Where peers may have certificates that they name by URL; empty: they may not. */
  readonly hashAndUrl: readonly string[];
  /** Seconds between two looks at whether peers are still to be trusted; 0: at reloads only. */
  readonly recheck: number;
  readonly metrics: MetricsSettings;
  /** Half-open IKE SAs from which on a first message must bring a cookie. */
  readonly cookieThreshold: number;
  readonly radius: RadiusSettings;
}
