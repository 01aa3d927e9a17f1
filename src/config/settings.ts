// What the configuration says beside the databases: our own menus `tun` and `log` as values.

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
  /** Whether protected packets are refused, not sent in the clear, should the daemon be killed. */
  readonly failClosed: boolean;
  /** Whether packets that should have come through a tunnel and did not are refused. */
  readonly refusePlain: boolean;
  /** Whether the MSS of TCP SYNs is lowered to what the tunnel carries. */
  readonly mssClamp: boolean;
  /** Whether the kernel hands us super-packets, and we it. */
  readonly offload: boolean;
}

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  readonly format: 'text' | 'json';
}

export interface Settings {
  readonly tun: TunSettings;
  readonly log: LogSettings;
  /** Half-open IKE SAs from which on a first message must bring a cookie. */
  readonly cookieThreshold: number;
}
