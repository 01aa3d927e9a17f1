// The server's side of EAP as IKE sees it, whoever stands behind it: our own users (local.ts) or a
// RADIUS server. IKE carries the packets; what they mean is decided here.
//   begin → request → answer(response) → request → … → success | failure

/**
 * What becomes of the user's last packet. `packet` goes to the user in every case. `Grant` is what a
 * server may allow along with its yes; our own users have nothing of the kind.
 */
export type Verdict<Grant = never> =
  | { readonly kind: 'request'; readonly packet: Uint8Array }
  | Accepted<Grant>
  | {
      readonly kind: 'failure';
      readonly packet: Uint8Array;
      /** For the log: the cause and what to try; never a secret. */
      readonly reason: string;
    };

export interface Accepted<Grant = never> {
  readonly kind: 'success';
  readonly packet: Uint8Array;
  /** Who it is, as the method proved it. */
  readonly user: string;
  /** undefined: the method makes no keys, so nothing binds it to this IKE SA (RFC 7296 §2.16). */
  readonly msk: Uint8Array | undefined;
  readonly authorisation?: Grant | undefined;
}

/** One user's authentication. Calls come one at a time; each settles within half a minute. */
export interface Conversation<Grant = never> {
  /** The first packet for the user. */
  begin(): Promise<Verdict<Grant>>;
  answer(response: Uint8Array): Promise<Verdict<Grant>>;
  /** Why it will be a failure, where that is known and the user's last word is still to come. */
  readonly doubt?: string | undefined;
  /** Nothing more comes: whatever is held is let go. May be called at any time, and twice. */
  close(): void;
}

/** What is known when a conversation begins. */
export interface Applicant {
  /** The peer entry's name, and the identity the user claims in IKE (`fqdn:carol.example`). */
  readonly peer: string;
  readonly claims: string;
  /** Where the user is, `192.0.2.7[4500]`, and where we are. */
  readonly remote: string;
  readonly local: string;
  /**
   * Nothing but EAP proves who we are (RFC 5998): only methods that prove both sides and make keys
   * may be used.
   */
  readonly alone: boolean;
}
