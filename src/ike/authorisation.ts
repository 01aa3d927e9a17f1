// What an authentication server granted along with its yes: the user's name, addresses, limits, and
// what accounting has to carry. RADIUS fills it in (src/daemon/user-authentication.ts); mode-config,
// accounting (src/daemon/accounting.ts) and the end of the session read it.
import type { Address, Prefix } from '../policy/address.js';

export interface Authorisation {
  /** The name accounting reports: the server's own spelling where it sent one (RFC 2865 §5.1). */
  readonly user: string;
  /**
   * The server vouches for `user`. Else it is what was said outside of TLS: a method that proves a
   * certificate or an inner name proves nothing of it, and many may say the same (RFC 5281 §7.3).
   */
  readonly userProved: boolean;
  /** Acct-Session-Id: the session's name towards the server, kept across rekeys of the IKE SA. */
  readonly session: string;
  /** Framed-IP-Address; undefined also where the server leaves the choice to us (RFC 2865 §5.8). */
  readonly framedAddress: Address | undefined;
  /** Framed-Pool: the pool to take an IPv4 address from, by its name (RFC 2869 §5.18). */
  readonly framedPool: string | undefined;
  /** Framed-IPv6-Address, or what Framed-Interface-Id makes of Framed-IPv6-Prefix (RFC 6911 §3.1). */
  readonly framedAddress6: Address | undefined;
  /** Framed-IPv6-Prefix (RFC 3162 §2.3): one address of it where there is no Framed-IPv6-Address. */
  readonly framedPrefix6: Prefix | undefined;
  /** Framed-IPv6-Pool, Stateful-IPv6-Address-Pool (RFC 3162 §2.6, RFC 6911 §3.6). */
  readonly framedPool6: string | undefined;
  /** DNS-Server-IPv6-Address and MS-Primary/Secondary-DNS-Server; empty: as configured. */
  readonly dns: readonly Address[];
  /** Seconds from being established until the IKE SA ends, or is authenticated anew. */
  readonly sessionTimeout: number | undefined;
  /** Termination-Action RADIUS-Request: the end of the session asks for authentication (§5.29). */
  readonly reauthenticate: boolean;
  /** Seconds without a packet of the user or to the user. */
  readonly idleTimeout: number | undefined;
  /** Seconds; Acct-Interim-Interval (RFC 2869 §5.16) goes before the configured one. */
  readonly interimInterval: number | undefined;
  /** Class: handed back in accounting as it came (RFC 2865 §5.25). */
  readonly classes: readonly Uint8Array[];
  /** The server that said yes, by its address and port: accounting goes there first. */
  readonly server: string;
}
