// What a method is, on either side. A method sees Type-Data only; codes, identifiers and the choice
// among methods are the peer's (peer.ts) and the authenticator's (local.ts).

/** What a method wants of the peer's driver after a request. */
export type PeerStep =
  | {
      readonly kind: 'answer';
      readonly data: Uint8Array;
      /** The method has ended well: only now EAP-Success means anything (RFC 3748 §4.2). */
      readonly msk?: Uint8Array;
    }
  /** It is over; `data`, if any, is still said to the server. */
  | { readonly kind: 'failed'; readonly reason: string; readonly data?: Uint8Array };

export interface PeerMethod {
  respond(request: Uint8Array): Promise<PeerStep>;
  /** For the log: what it ran over. */
  readonly detail?: string;
  close(): void;
}

export type ServerStep =
  | { readonly kind: 'request'; readonly data: Uint8Array }
  | { readonly kind: 'success'; readonly user: string; readonly msk: Uint8Array }
  | { readonly kind: 'failure'; readonly reason: string };

export interface ServerMethod {
  begin(): Promise<Uint8Array>;
  answer(response: Uint8Array): Promise<ServerStep>;
  /** Why the user is refused, from when that is known. */
  readonly doubt?: string | undefined;
  close(): void;
}

/** Under the names of RouterOS's eap-methods. */
export type MethodName = 'eap-tls' | 'eap-mschapv2' | 'eap-peap' | 'eap-ttls';

export const METHODS = {
  'eap-tls': { type: 13, mutual: true },
  'eap-ttls': { type: 21, mutual: true },
  'eap-peap': { type: 25, mutual: true },
  // The server's proof is no better than the password, which a stranger may guess from the answer:
  // not for use without a server that has proved itself otherwise (RFC 5998 §4, RFC 7296 §2.16).
  'eap-mschapv2': { type: 26, mutual: false },
} as const satisfies Record<MethodName, { type: number; mutual: boolean }>;

/** Draws random bytes; an argument, since nothing here does. */
export type Random = (bytes: number) => Uint8Array;
