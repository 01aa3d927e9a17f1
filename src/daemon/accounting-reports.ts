// Accounting records on their way to the servers: whether they arrive is said, and at the end waited for.
import { RadiusError } from '../radius/packet.js';
import type { Log } from './log.js';
import type { Asking, Heard } from './radius.js';

export interface ReportsContext {
  ask(question: Asking): Promise<Heard>;
  readonly log: Pick<Log, 'warning'>;
}

export class Reports {
  readonly #context: ReportsContext;
  readonly #underWay = new Set<Promise<void>>();

  constructor(context: ReportsContext) {
    this.#context = context;
  }

  send(question: Asking, about: string): void {
    const lost = (why: string): void =>
      this.#context.log.warning('radius', `accounting of ${about} is lost: ${why}`);
    const report = this.#context
      .ask(question)
      .then((heard) => {
        if ('failure' in heard) lost(heard.failure);
      })
      .catch((error: unknown) => {
        if (!(error instanceof RadiusError)) throw error;
        lost(error.message);
      })
      .finally(() => this.#underWay.delete(report));
    this.#underWay.add(report);
  }

  /** Until the servers have all of it, or so long. */
  async settle(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([Promise.all([...this.#underWay]), patience]);
    clearTimeout(timer);
  }
}
