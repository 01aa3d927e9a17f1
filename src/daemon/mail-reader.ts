// What the workers tell the control plane by mail, as questions to the engine.
import type { Mail } from '../dataplane/mail.js';
import type { Tables } from '../dataplane/tables.js';
import type { IkeEngine } from '../ike/context.js';
import type { Step } from '../ike/step.js';

export interface MailContext {
  readonly engine: IkeEngine;
  readonly tables: Pick<Tables, 'lookup'>;
  readonly now: () => number;
}

/** What is to be carried out for it; undefined: it is about an SA that is gone. */
export function readMail(mail: Mail, context: MailContext): Promise<Step> | undefined {
  if (mail.kind === 'ike') return context.engine.receive(mail);
  if (mail.kind !== 'acquire') return readChild(mail, context);
  const { policy, protocol, source, destination } = mail;
  return context.engine.acquire(policy, {
    protocol,
    source: source.address,
    destination: destination.address,
    sourcePort: source.port,
    destinationPort: destination.port,
  });
}

/** About an SA, which may be gone since: its slot may even serve another, so the SPI must fit. */
function readChild(
  mail: Exclude<Mail, { kind: 'ike' | 'acquire' }>,
  { engine, tables, now }: MailContext,
): Promise<Step> | undefined {
  const child = tables.lookup(mail.slot, mail.spi);
  if (child === undefined) return undefined;
  if (mail.kind === 'moved') return engine.moved(child, mail.remote);
  if (mail.kind === 'first-use') return engine.trafficSeen(child, now());
  return engine.childExpired(child, mail.kind === 'soft-expire' ? 'soft' : 'hard');
}
