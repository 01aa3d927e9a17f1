// The data plane as the daemon sees it: starts one never-ending Piscina task per worker, hands over
// their mail, starts a dead one again on the same row with the same descriptors, stops them all.
// Each life of a worker has a pool of one thread: in a shared pool a thread that dies while it loads
// is never replaced (piscina 5.3.2), and its row would wait in the queue for ever.
// A thread is never ended while it loads: a native module that is just initialising (koffi) then
// finds its engine terminated, and aborts the whole process.
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { PORT_COUNT, PORT_TUN } from '../contract/ids.js';
import {
  CONTROL_AT,
  CONTROL_BASE,
  CONTROL_STOP,
  CONTROL_WORKERS,
  MAX_WORKERS,
  WORKER_EPOCH,
  WORKER_SIZE,
  WORKERS_AT,
} from '../contract/layout.js';
import { addressOf, allocate, check, close, eventfd, write } from '../net/libc.js';
import { EFD_CLOEXEC, EFD_NONBLOCK } from '../net/linux.js';
import { drainMail, type Mail } from './mail.js';
import type { WorkerNotice, WorkerTask } from './worker.js';

export interface DataPlaneEvent {
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
}

export interface DataPlaneOptions {
  readonly memory: WebAssembly.Memory;
  /** One TUN queue per worker: their number is the number of workers. */
  readonly tunFds: readonly number[];
  /** Per worker, a descriptor per PORT_* (src/net/sockets.ts); its PORT_TUN is not looked at. */
  readonly sockets: readonly (readonly number[])[];
  /** Per PORT_*: the socket of all workers that may fragment, -1 for none. */
  readonly fragmenting: readonly number[];
  readonly onMail: (mail: Mail, worker: number) => void;
  /** A packet was larger than the path to `remote` (4 or 16 bytes): look its MTU up again. */
  readonly onTooBig: (remote: Uint8Array) => void;
  readonly onEvent: (event: DataPlaneEvent) => void;
  /** A descriptor failed for good: the device is gone. The data plane cannot go on without it. */
  readonly onLost: (reason: string) => void;
}

// Our own choices.
const HEALTHY_MS = 1000; // a task that lived this long restarts at once
const BACKOFF_MS = [0, 10, 50, 200, 1000];
const STOP_MS = 3000;

export class DataPlane {
  readonly #options: DataPlaneOptions;
  /** By row: the pool of the worker's present life, once its thread has loaded. */
  readonly #loaded = new Map<number, Piscina<WorkerTask, void>>();
  readonly #stopFd: number;
  readonly #words: Uint32Array;
  readonly #tasks: Promise<void>[];
  #stopping = false;
  #restarts = 0;

  /** Starts the workers; they serve as soon as their threads have loaded the module. */
  constructor(options: DataPlaneOptions) {
    const workers = options.tunFds.length;
    if (workers < 1 || workers > MAX_WORKERS || options.sockets.length !== workers) {
      const got = `${workers} TUN queues, ${options.sockets.length} rows of sockets`;
      throw new Error(`data plane: expected 1 to ${MAX_WORKERS} workers, got ${got}`);
    }
    this.#options = options;
    this.#words = new Uint32Array(options.memory.buffer);
    this.#stopFd = check(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), 'eventfd', 'the stop event');
    const bytes = new Uint8Array(options.memory.buffer);
    new DataView(options.memory.buffer).setBigUint64(
      CONTROL_AT + CONTROL_BASE,
      BigInt(addressOf(bytes)),
      true,
    );
    // Before the first thread: workers and WASM read these once, at their start.
    Atomics.store(this.#words, (CONTROL_AT + CONTROL_WORKERS) >> 2, workers);
    Atomics.store(this.#words, (CONTROL_AT + CONTROL_STOP) >> 2, 0);
    this.#tasks = options.tunFds.map((_, row) => this.#keep(row));
  }

  /** How often a worker had to be started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** By row: the threads that serve, for a supervisor or a test that ends one. */
  get threads(): ReadonlyMap<number, Worker> {
    const serving = [...this.#loaded].map(([row, { threads }]) => [row, threads[0]] as const);
    return new Map(serving.filter((entry): entry is [number, Worker] => entry[1] !== undefined));
  }

  /** Ends every worker after its batch, reads the last mail, frees what start took. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    Atomics.store(this.#words, (CONTROL_AT + CONTROL_STOP) >> 2, 1);
    const one = allocate(8);
    one.view.setUint32(0, 1, true);
    // Never read, so it stays readable: it wakes every worker, also one that comes late.
    write(this.#stopFd, one.at, 8);
    const late = new Promise<'late'>((resolve) => setTimeout(resolve, STOP_MS, 'late').unref());
    if ((await Promise.race([Promise.all(this.#tasks), late])) === 'late') {
      const text = 'a worker did not stop in time: its thread is ended';
      for (const pool of this.#loaded.values()) {
        this.#options.onEvent({ level: 'error', text });
        await pool.destroy();
      }
      // What still loads sees the stop event as soon as it has, and returns.
      await Promise.all(this.#tasks);
    }
    close(this.#stopFd);
  }

  /** Runs worker `row` until the gateway stops, however often it dies. */
  async #keep(row: number): Promise<void> {
    for (let quick = 0; !this.#stopping; ) {
      const started = performance.now();
      const reason = await this.#runOnce(row);
      this.#settle(row);
      if (this.#stopping) return;
      quick = performance.now() - started >= HEALTHY_MS ? 0 : quick + 1;
      this.#restarts++;
      const wait = BACKOFF_MS[Math.min(quick, BACKOFF_MS.length) - 1] ?? 0;
      const when = wait === 0 ? 'at once' : `in ${wait} ms`;
      const text = `worker ${row} ended (${reason}); it restarts ${when} with its SAs intact`;
      this.#options.onEvent({ level: 'error', text });
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  async #runOnce(row: number): Promise<string> {
    const { memory, tunFds, sockets, fragmenting } = this.#options;
    const fds = Array.from({ length: PORT_COUNT }, (_, port) =>
      port === PORT_TUN ? tunFds[row]! : (sockets[row]![port] ?? -1),
    );
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (notice: WorkerNotice) => this.#notice(row, notice));
    const shared = { memory, fragmenting, stopFd: this.#stopFd };
    const task: WorkerTask = { ...shared, row, fds, port: port2 };
    const gone = new AbortController();
    const pool = this.#open(row, gone);
    try {
      await pool.run(task, { transferList: [port2 as MessagePort], signal: gone.signal });
      return 'it returned';
    } catch (error) {
      const reason: unknown = gone.signal.reason ?? error;
      return reason instanceof Error ? reason.message : String(reason);
    } finally {
      port1.close();
      this.#loaded.delete(row);
      await pool.destroy();
    }
  }

  /**
   * Without `minThreads` the thread comes with the task, and none takes the place of one that died:
   * `destroy` would end it while it loads. `gone` ends a task whose thread died before it took it.
   */
  #open(row: number, gone: AbortController): Piscina<WorkerTask, void> {
    const pool = new Piscina<WorkerTask, void>({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      recordTiming: false,
    });
    let failure = new Error('its thread ended');
    pool.on('workerCreate', () => this.#loaded.set(row, pool));
    pool.on('error', (error: Error) => {
      failure = error;
    });
    // The task of a thread that had taken it is told first.
    pool.on('workerDestroy', () => setImmediate(() => gone.abort(failure)));
    return pool;
  }

  #notice(row: number, notice: WorkerNotice): void {
    if (notice.kind === 'mail') this.#deliver(row);
    else if (notice.kind === 'too-big') this.#options.onTooBig(notice.remote);
    else {
      const what =
        notice.port === PORT_TUN ? 'the TUN device' : `the socket of port ${notice.port}`;
      this.#options.onLost(`worker ${row} lost ${what}: ${notice.reason}`);
    }
  }

  /** After the end of a task: read its last mail, and close the batch it may have died in. */
  #settle(row: number): void {
    const epoch = (WORKERS_AT + row * WORKER_SIZE + WORKER_EPOCH) >> 2;
    if ((Atomics.load(this.#words, epoch) & 1) === 1) Atomics.add(this.#words, epoch, 1);
    this.#deliver(row);
  }

  #deliver(row: number): void {
    let mails: Mail[];
    try {
      mails = drainMail(this.#options.memory, row);
    } catch (error) {
      this.#options.onEvent({ level: 'error', text: (error as Error).message });
      return;
    }
    for (const mail of mails) this.#options.onMail(mail, row);
  }
}
