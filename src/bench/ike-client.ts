// The callers of bench ike, in a process and a namespace of their own: one IKE engine a client, all on
// one socket or each on its own. Started with a JSON of CallerTask as its argument; says how it went as
// a line of JSON when all are up, then answers liveness checks until it is told to end.
//   1. so many calls are under way at a time   2. each counts when it is established   3. stand
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { localAgreement } from '../crypto/agreement.js';
import type { Certificates } from '../crypto/certificates.js';
import { Engine } from '../ike/engine.js';
import type { Datagram, Step } from '../ike/step.js';
import { type Address, parseAddress, parsePrefix } from '../policy/address.js';
import type { Databases } from '../policy/database.js';
import { clientCertificates, type KeyFiles, nameOf, OWN } from './ike-keys.js';

/** A secret of all, or certificates of one CA. */
export type Proof = { readonly secret: string } | { readonly keys: KeyFiles };

export interface CallerTask {
  readonly local: string;
  readonly remote: string;
  readonly clients: number;
  readonly atOnce: number;
  /** How they prove themselves, and the gateway to them. */
  readonly proof: Proof;
  /** What the responder protects, and the prefix that each client has an address of. */
  readonly theirs: string;
  readonly ours: string;
  /** The number of the first, by which each has its name and address. */
  readonly firstClient?: number;
  /** So many established ones are worth a line of their own. */
  readonly say?: number;
  /** Each from a port of its own, as behind a NAT. */
  readonly apart?: boolean;
}

export interface CallerResult {
  readonly established: number;
  readonly seconds: number;
}

const NAT_PORT = 4500;
const GIVE_UP_MS = 60_000;
const MARKER = new Uint8Array(4);
const now = (): number => performance.timeOrigin + performance.now();

/** No identity of a client names a certificate. */
const NO_CERTIFICATES = new Proxy({} as Certificates, {
  get: () => () => {
    throw new Error('bench ike: a client with a pre-shared key needs no certificate');
  },
});

const PROFILE = {
  name: 'bench',
  dhGroup: ['x25519'],
  encAlgorithm: ['aes-128-gcm'],
  hashAlgorithm: ['sha256'],
  lifetime: 86_400,
  natTraversal: true,
  dpdInterval: undefined,
  dpdMaximumFailures: 5,
  fragmentSize: 1280,
  proposalCheck: 'obey',
} as const;
const PROPOSAL = {
  name: 'bench',
  encAlgorithms: ['aes-128-gcm'],
  authAlgorithms: ['null'],
  lifetime: 86_400,
  lifebytes: 0,
  pfsGroup: undefined,
  esn: 'no',
  replayWindow: 128,
} as const;

const proofOf = (proof: Proof) =>
  'secret' in proof
    ? ({
        authMethod: 'pre-shared-key',
        secret: new TextEncoder().encode(proof.secret),
      } as const)
    : ({
        authMethod: 'digital-signature',
        certificate: [OWN],
        rsaPadding: 'pss',
        remoteCertificate: undefined,
        matchBy: 'remote-id',
      } as const);

function databasesOf(task: CallerTask, number: number): Databases {
  const inside = parsePrefix(task.ours)!;
  const value = inside.address.value + BigInt(256 + number);
  const own = { address: { ...inside.address, value }, bits: 32 };
  return {
    peers: [
      {
        name: 'gateway',
        address: { address: parseAddress(task.remote)!, bits: 32 },
        localAddress: undefined,
        port: 500,
        exchangeMode: 'ike2',
        passive: false,
        profile: PROFILE,
        sendInitialContact: false,
        udpEncapsulation: false,
        mobike: false,
        childless: 'allow',
        compatibleWith: [],
      },
    ],
    identities: [
      {
        peer: 'gateway',
        myId: { kind: 'fqdn', text: nameOf(number) },
        remoteId: { kind: 'ignore' },
        ...proofOf(task.proof),
      },
    ],
    users: [],
    templates: [],
    pools: [],
    policies: [
      {
        id: 0,
        place: 0,
        comment: '',
        action: 'encrypt',
        src: own,
        dst: parsePrefix(task.theirs)!,
        srcPort: undefined,
        dstPort: undefined,
        protocol: 0,
        level: 'require',
        tunnel: true,
        protection: 'esp',
        peer: 'gateway',
        proposal: PROPOSAL,
      },
    ],
  };
}

class Callers {
  readonly #task: CallerTask;
  readonly #local: Address;
  #shared: Socket | undefined;
  readonly #sockets = new Map<Engine, Socket>();
  readonly #engines = new Map<string, Engine>();
  readonly #timers = new Map<Engine, NodeJS.Timeout>();
  readonly #certificates: readonly Certificates[];
  #waiting = new Map<Engine, () => void>();

  constructor(task: CallerTask) {
    this.#task = task;
    this.#local = parseAddress(task.local)!;
    const { proof, clients, firstClient = 0 } = task;
    const numbers = Array.from({ length: clients }, (_, at) => firstClient + at);
    this.#certificates = 'keys' in proof ? clientCertificates(proof.keys, numbers) : [];
  }

  async run(): Promise<CallerResult> {
    if (!this.#task.apart) this.#shared = await this.#open(8 << 20);
    const started = now();
    let next = 0;
    let established = 0;
    const line = async (): Promise<void> => {
      while (next < this.#task.clients) {
        if (!(await this.#call(next++))) continue;
        if (++established === this.#task.say) process.stdout.write('{"reached":true}\n');
      }
    };
    await Promise.all(Array.from({ length: this.#task.atOnce }, line));
    return { established, seconds: (now() - started) / 1000 };
  }

  async #open(recvBufferSize: number): Promise<Socket> {
    const socket = createSocket({ type: 'udp4', recvBufferSize });
    socket.on('message', (bytes, { port }) => this.#receive(bytes, port));
    socket.bind(0, this.#task.local);
    await once(socket, 'listening');
    return socket;
  }

  async #call(number: number): Promise<boolean> {
    let spi = 0x1000 + number;
    const engine = new Engine(databasesOf(this.#task, (this.#task.firstClient ?? 0) + number), {
      now,
      random: (bytes) => randomBytes(bytes),
      allocateSpi: () => (spi += 0x10000),
      agreement: localAgreement,
      certificates: this.#certificates[number] ?? NO_CERTIFICATES,
      localAddressFor: () => this.#local,
    });
    const done = new Promise<boolean>((resolve) => {
      const late = setTimeout(() => resolve(false), GIVE_UP_MS);
      this.#waiting.set(engine, () => {
        clearTimeout(late);
        resolve(true);
      });
    });
    this.#sockets.set(engine, this.#shared ?? (await this.#open(64 << 10)));
    const step = await engine.start();
    this.#engines.set(spiOf(step.send[0]!.bytes), engine);
    this.#carry(engine, step);
    return done;
  }

  #carry(engine: Engine, step: Step): void {
    for (const { local, bytes } of step.send) {
      const natt = local.port === NAT_PORT;
      const sent = natt ? Buffer.concat([MARKER, bytes]) : bytes;
      this.#sockets.get(engine)!.send(sent, natt ? NAT_PORT : 500, this.#task.remote);
    }
    const up = this.#waiting.get(engine);
    if (up && step.install.length > 0) {
      this.#waiting.delete(engine);
      up();
    }
    clearTimeout(this.#timers.get(engine));
    const due = engine.nextTimeout();
    if (due === undefined) return;
    const tick = (): void => void engine.tick(now()).then((later) => this.#carry(engine, later));
    this.#timers.set(engine, setTimeout(tick, Math.max(0, due - now())));
  }

  #receive(packet: Buffer, port: number): void {
    const bytes = new Uint8Array(port === NAT_PORT ? packet.subarray(MARKER.length) : packet);
    const engine = this.#engines.get(spiOf(bytes));
    if (!engine) return;
    const remote = { address: parseAddress(this.#task.remote)!, port };
    const datagram: Datagram = { local: { address: this.#local, port }, remote, bytes };
    void engine.receive(datagram).then((step) => this.#carry(engine, step));
  }
}

/** The initiator's SPI: the first eight bytes of every message of its IKE SA. */
const spiOf = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 8)).toString('hex');

const callers = new Callers(JSON.parse(process.argv[2]!) as CallerTask);
process.stdout.write(`${JSON.stringify(await callers.run())}\n`);
