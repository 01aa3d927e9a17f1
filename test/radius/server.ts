// A RADIUS server in a few lines, for the suites that need one they can make lie.
import { md5 } from '../../src/crypto/digest.js';
import { attribute } from '../../src/radius/attributes.js';
import { sealAnswer } from '../../src/radius/authenticators.js';
import { RadiusClient } from '../../src/radius/client.js';
import type { Session } from '../../src/radius/dynamic-authorization.js';
import { type Attribute, decodePacket } from '../../src/radius/packet.js';
import type { Outcome, Question, Server, Work } from '../../src/radius/servers.js';

export const SECRET = new TextEncoder().encode('a secret of the lab');
export const server = (name: string, more: Partial<Server> = {}): Server => ({
  name,
  secret: SECRET,
  timeoutMs: 300,
  deadMs: 60_000,
  reliable: false,
  ...more,
});

/** As the NAS has it. */
export const CAROL: Session = {
  session: 'ab-1',
  user: 'carol',
  called: '192.0.2.1',
  calling: '192.0.2.2',
  port: 1,
  peer: 'rw',
  framedAddress: Uint8Array.of(198, 18, 5, 1),
  framedAddress6: undefined,
};

/** Half of every byte: no jitter, and a counter in the first byte tells requests apart. */
export function counted(): (bytes: number) => Uint8Array {
  let count = 0;
  return (bytes) => {
    const drawn = new Uint8Array(bytes).fill(128);
    if (bytes > 1) drawn[0] = ++count;
    return drawn;
  };
}

export type Sent = Work['send'][number];

export function reply(
  { bytes }: Sent,
  code: number,
  attributes: readonly Attribute[] = [],
  { secret = SECRET, sign = true } = {},
): Uint8Array {
  const { identifier, authenticator } = decodePacket(bytes);
  return sealAnswer({ code, identifier, attributes }, secret, authenticator, sign);
}

/** RFC 2548 §2.4.2, the other way. */
export function sealKey(
  key: Uint8Array,
  salt: number,
  secret: Uint8Array,
  authenticator: Uint8Array,
): Uint8Array {
  const plain = new Uint8Array(Math.ceil((1 + key.length) / 16) * 16);
  plain.set([key.length, ...key]);
  const sealed = Uint8Array.of(0x80, salt, ...plain);
  for (let at = 0; at < plain.length; at += 16) {
    const pad =
      at === 0
        ? md5(secret, authenticator, sealed.subarray(0, 2))
        : md5(secret, sealed.subarray(at - 14, at + 2));
    for (let i = 0; i < 16; i++) sealed[2 + at + i]! ^= pad[i]!;
  }
  return sealed;
}

/** A client with its clock, and what it did so far. */
export function laboratory(...servers: Server[]) {
  const client = new RadiusClient(servers, counted());
  const sent: Sent[] = [];
  const settled = new Map<number, Outcome>();
  const events: string[] = [];
  let now = 1000;
  const take = (work: Work): void => {
    sent.push(...work.send);
    for (const { question, outcome } of work.settled) settled.set(question, outcome);
    events.push(...work.events.map(({ level, text }) => `${level} ${text}`));
  };
  return {
    client,
    sent,
    settled,
    events,
    now: () => now,
    ask(question: Partial<Question> = {}): number {
      const attributes = [attribute('User-Name', 'alice')];
      const work = client.ask({ service: 'authentication', attributes, ...question }, now);
      take(work);
      return work.question;
    },
    answer(at: Sent, bytes: Uint8Array): void {
      take(client.receive(at.line, bytes, now));
    },
    lose: (at: Sent): void => take(client.lost(at.line, now)),
    /** Lets time pass, ringing every timer on the way. */
    pass(milliseconds: number): void {
      const end = now + milliseconds;
      for (
        let due = client.nextTimeout();
        due !== undefined && due <= end;
        due = client.nextTimeout()
      ) {
        now = due;
        take(client.tick(now));
      }
      now = end;
    },
    drain: (): Sent[] => sent.splice(0),
  };
}
