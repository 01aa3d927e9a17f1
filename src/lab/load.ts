// The host behind a gateway in the bench: a process inside the host's namespace that sends and
// receives load as its parent asks over the IPC channel (agent.ts), and ends with it.
//   serve    binds the UDP receiver and the TCP server to an address
//   begin    from now on count the datagrams of this trial
//   heard    what has come of it so far     rest   stop counting
//   datagrams  offer datagrams        stream   send TCP for some time, as fast as it goes
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type Heard, type Offered, Receiver, sendDatagrams } from './datagrams.js';

export interface Streamed {
  /** Received at the far end. */
  readonly bytes: number;
  readonly seconds: number;
}

/** What an agent can be asked, with what it answers. */
export interface Work {
  serve(args: { address: string; port: number }): Promise<void>;
  begin(args: { trial: number }): void;
  heard(): Heard;
  rest(): void;
  datagrams(args: Offered & { to: string; port: number }): ReturnType<typeof sendDatagrams>;
  stream(args: { to: string; port: number; flows: number; seconds: number }): Promise<Streamed>;
}

export interface Request {
  readonly id: number;
  readonly work: keyof Work;
  readonly args: unknown;
}

export type Reply = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly error: string }
);

const CHUNK = 262_144;
let receiver: Receiver | undefined;
let counting = false;

const WORK: Work = {
  async serve({ address, port }) {
    receiver = new Receiver(address, port);
    const server = createServer({ allowHalfOpen: true }, count);
    await once(server.listen(port, address), 'listening');
  },
  begin({ trial }) {
    receiver!.begin(trial);
    if (!counting) setImmediate(listen);
    counting = true;
  },
  heard: () => receiver!.heard,
  rest() {
    counting = false;
  },
  datagrams: ({ to, port, rate, ...offered }) =>
    // JSON, which the channel speaks, has no Infinity.
    sendDatagrams(to, port, { ...offered, rate: rate ?? Infinity }),
  async stream({ to, port, flows, seconds }) {
    const started = performance.now();
    const all = Array.from({ length: flows }, () => send(connect(port, to), started, seconds));
    const bytes = (await Promise.all(all)).reduce((sum, each) => sum + each, 0);
    return { bytes, seconds: (performance.now() - started) / 1000 };
  },
};

/** A slice of receiving, then a look at what the parent wants. */
function listen(): void {
  if (!counting) return;
  receiver!.slice();
  setImmediate(listen);
}

/** The server's end of a TCP flow: counts, and says the number at the end. */
function count(socket: Socket): void {
  let bytes = 0;
  socket.on('data', (data) => (bytes += data.length));
  socket.on('end', () => socket.end(String(bytes)));
  socket.on('error', fail);
}

async function send(socket: Socket, started: number, seconds: number): Promise<number> {
  await once(socket, 'connect');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => (answer += text));
  const ended = once(socket, 'end');
  const data = Buffer.alloc(CHUNK);
  while (performance.now() - started < seconds * 1000) {
    if (!socket.write(data)) await once(socket, 'drain');
  }
  socket.end();
  await ended;
  return Number(answer);
}

function fail(error: Error): never {
  process.stderr.write(`load generator: ${error.message}\n`);
  process.exit(1);
}

process.on('message', async ({ id, work, args }: Request) => {
  let reply: Reply;
  try {
    const run = WORK[work] as (args: unknown) => unknown;
    reply = { id, result: await run(args) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? error.message : String(error) };
  }
  process.send!(reply);
});
process.on('disconnect', () => process.exit(0));
