// The parent's side of load.ts: starts it in a site's host and asks it to work.
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Reply, Work } from './load.js';
import { tether } from './processes.js';
import type { Site } from './sites.js';

type Answer<K extends keyof Work> = Awaited<ReturnType<Work[K]>>;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Agent {
  readonly process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor({ host, name }: Site) {
    const load = fileURLToPath(new URL('./load.js', import.meta.url));
    const options = { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] } as const;
    this.process = tether(host.spawn(process.execPath, [load], { stdio: [...options.stdio] }));
    this.process.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('error' in reply) waiting?.reject(new Error(`${name} host: ${reply.error}`));
      else waiting?.resolve(reply.result);
    });
    this.process.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name} host has ended`));
      this.#waiting.clear();
    });
  }

  ask<K extends keyof Work>(work: K, args?: Parameters<Work[K]>[0]): Promise<Answer<K>> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      this.process.send({ id, work, args }, (error) => error && reject(error));
    });
  }
}
