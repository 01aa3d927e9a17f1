// A session that RADIUS let in, as accounting.ts keeps it: who it is, what it carried, what limits it.
import type { Traffic } from '../dataplane/association.js';
import type { Authorisation } from '../ike/authorisation.js';
import type { SessionBegan } from '../ike/sessions.js';
import { formatAddress, toBytes } from '../policy/address.js';
import type { Changes } from '../radius/dynamic-authorization.js';
import { type Account, numberOf, type Usage } from '../radius/session.js';

export interface Live {
  readonly began: SessionBegan;
  readonly since: number;
  readonly children: Set<number>;
  /** What children that are gone had carried. */
  past: Usage;
  authorisation: Authorisation;
  interimAt: number | undefined;
  /** When packets were last seen to have been carried, and how many in all. */
  busyAt: number;
  packets: number;
  /** Asked to end already: it takes the peer's answer, or the lack of it. */
  ending: boolean;
}

export const NOTHING: Usage = {
  seconds: 0,
  inputBytes: 0,
  inputPackets: 0,
  outputBytes: 0,
  outputPackets: 0,
};

/** Who it is, as records and servers name it. */
export function accountOf({ began, authorisation }: Live): Account {
  const of = (family: 4 | 6): Uint8Array | undefined => {
    const found = began.addresses.find((address) => address.family === family);
    return found && toBytes(found);
  };
  return {
    subject: {
      session: authorisation.session,
      peer: began.peer,
      port: numberOf(authorisation.session),
      called: formatAddress(began.local.address),
      calling: formatAddress(began.remote.address),
    },
    user: authorisation.user,
    classes: authorisation.classes,
    framedAddress: of(4),
    framedAddress6: of(6),
  };
}

export const withTraffic = (
  sum: Usage,
  { in: input, out: output }: Readonly<Record<'in' | 'out', Traffic>>,
): Usage => ({
  ...sum,
  inputBytes: sum.inputBytes + input.bytes,
  inputPackets: sum.inputPackets + input.packets,
  outputBytes: sum.outputBytes + output.bytes,
  outputPackets: sum.outputPackets + output.packets,
});

/** What a server makes of it (RFC 5176 §2.2); a limit of 0: none any more. */
export function changed(authorisation: Authorisation, changes: Changes): Authorisation {
  const limit = (next: number | undefined, now: number | undefined) =>
    next === undefined ? now : next || undefined;
  const { sessionTimeout, idleTimeout, interimInterval, classes } = authorisation;
  return {
    ...authorisation,
    sessionTimeout: limit(changes.sessionTimeout, sessionTimeout),
    idleTimeout: limit(changes.idleTimeout, idleTimeout),
    interimInterval: limit(changes.interimInterval, interimInterval),
    classes: changes.classes ?? classes,
  };
}
