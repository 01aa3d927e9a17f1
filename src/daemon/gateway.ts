// The composition root: wires TUN, sockets, data plane and IKE engine, and carries out the engine's
// Steps by writing tables into shared memory. `startGateway`:
//   1. device and sockets (fails before anything changes)      4. workers
//   2. tables: SAs and policies in the shared memory           5. engine, timers, initiations
//   3. rules, routes, packet filter: from here on protected packets are ours
// and `stop` undoes it in reverse, after a goodbye to every peer.
import { availableParallelism } from 'node:os';
import type { Built } from '../config/databases.js';
import { CONTROL_ROW, MAX_WORKERS } from '../contract/layout.js';
import { createMemory, loadModule } from '../dataplane/module.js';
import { DataPlane } from '../dataplane/pool.js';
import { Tables } from '../dataplane/tables.js';
import type { IkeEngine } from '../ike/context.js';
import { Engine } from '../ike/engine.js';
import type { Step } from '../ike/step.js';
import { AddressWatch } from '../net/address-watch.js';
import { Netlink } from '../net/netlink.js';
import { openSockets, type SocketSet } from '../net/sockets.js';
import { openTun } from '../net/tun.js';
import { type Address, addressFromBytes } from '../policy/address.js';
import { reconcile } from '../policy/reconcile.js';
import { threadedAgreement } from './agreement.js';
import { Alarm } from './alarm.js';
import { capture } from './capture.js';
import { type RunningCertificates, runningCertificates, tlsCredentials } from './certificates.js';
import { CertificateWatch } from './certificate-watch.js';
import { type Cleanup, createCleanup } from './cleanup.js';
import type { LiveFacts } from './doctor-facts.js';
import { localAddressFor, MARK, ownAddresses, reachBy } from './host.js';
import { InformDoor } from './inform-door.js';
import { leasePath, openLeases, type RunningLeases } from './lease-file.js';
import type { Log } from './log.js';
import { readMail } from './mail-reader.js';
import type { GatewayFigures } from './metrics.js';
import { PathMtu } from './path-mtu.js';
import { PolicyEffects } from './policy-effects.js';
import { resolveName } from './name-resolver.js';
import { peerNames, type PeerNames } from './peer-names.js';
import { printHandlers } from './print.js';
import { randomBytes } from './random.js';
import { ReceivedEffects } from './received.js';
import { ReloadError, type ReloadResult, refuseRestart, resultOf } from './reload.js';
import { repairRegularly } from './repair.js';
import type { RunningGateway, StartGateway } from './running.js';
import { StepRunner } from './step-runner.js';
import { systemDns } from './system-dns.js';
import { Users } from './users.js';
import { Watch } from './watch.js';

/** How long a goodbye may take: the peers' answers to our deletes, retransmissions included. */
const GOODBYE_MS = 1500;
/** And how long the RADIUS servers may take to hear of it. */
const LAST_RECORDS_MS = 1500;
const now = (): number => performance.timeOrigin + performance.now();
const clampedTo = ({ settings: { tun } }: Built): number => (tun.mssClamp ? tun.mtu : 0);

export const startGateway: StartGateway = async (built, log) => {
  const cleanup = createCleanup();
  try {
    return await new Gateway(built, log, cleanup).start();
  } catch (error) {
    await cleanup.run((text) => log.error('system', text));
    throw error;
  }
};

class Gateway implements RunningGateway {
  #built: Built;
  readonly #log: Log;
  readonly #cleanup: Cleanup;
  readonly failure: Promise<Error>;
  #fail: (error: Error) => void = () => {};
  #tables!: Tables;
  readonly #paths: PathMtu;
  readonly #names: PeerNames;
  #engine!: IkeEngine;
  readonly #certificates: RunningCertificates;
  #trust!: CertificateWatch;
  #runner!: StepRunner;
  #users!: Users;
  #leases!: RunningLeases;
  #effects!: PolicyEffects;
  #received!: ReceivedEffects;
  #inform!: InformDoor;
  /** Greater than the id of any policy so far. */
  #nextId: number;
  /** Reloads, one after another. */
  #reloading: Promise<unknown> = Promise.resolve();
  readonly #alarm = new Alarm(
    now,
    () => Math.min(this.#engine.nextTimeout() ?? Infinity, this.#paths.nextAt),
    () => this.#tick(),
  );
  #stopping: Promise<void> | undefined;
  handlers!: RunningGateway['handlers'];
  readonly streams: RunningGateway['streams'] = {
    capture: (args, signal) => capture(args, signal, this.#built),
  };
  readonly #watch = new Watch();

  constructor(built: Built, log: Log, cleanup: Cleanup) {
    this.#built = built;
    const { policies, templates } = built.databases;
    this.#nextId = [...policies, ...templates].reduce((most, { id }) => Math.max(most, id + 1), 0);
    this.#log = log;
    this.#certificates = runningCertificates(built, log);
    this.#cleanup = cleanup;
    const netlink = new Netlink();
    cleanup.add('the socket for routes', () => netlink.close());
    this.#paths = new PathMtu({
      kernel: (remote) => reachBy(netlink, remote)?.mtu,
      set: (remote, mtu) => this.#tables.setPathMtu(remote, mtu),
      probe: built.settings.tun.mtuProbe
        ? (remote, bytes) => this.#probe(remote, bytes)
        : undefined,
      log: (level, text) => log[level]('net', text),
    });
    this.#names = peerNames(log, () => this.#renamed());
    this.failure = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  async start(): Promise<this> {
    const { databases, settings } = this.#built;
    const workers = settings.tun.workers || Math.min(availableParallelism(), MAX_WORKERS);
    const { name, mtu, offload } = settings.tun;
    const tun = openTun({ name, queues: workers, mtu, offload });
    this.#cleanup.add(`the device ${name}`, () => tun.close());
    if (tun.warning !== undefined) this.#log.warning('net', tun.warning);
    const sockets = openSockets({ workers, mark: MARK, offload });
    this.#cleanup.add('the sockets', () => sockets.close());
    for (const warning of sockets.warnings) this.#log.warning('net', warning);
    const memory = createMemory();
    this.#tables = new Tables(loadModule(CONTROL_ROW, memory), { workers, random: randomBytes });
    this.#tables.setMssClamp(clampedTo(this.#built));
    this.#tables.setOffload({ header: tun.header, uso: tun.uso, join: offload });
    this.#effects = new PolicyEffects(this.#tables, tun, settings.tun, this.#log, this.#cleanup);
    this.#effects.apply(databases);
    this.#cleanup.add(
      'the repair',
      repairRegularly(() => this.#effects.repair(), this.#log),
    );
    this.#received = new ReceivedEffects(name, this.#effects, this.#log);
    this.#received.clean(databases.identities);
    this.#cleanup.add('what mode-config gave us', () => this.#received.close());
    await this.#openUsers();
    this.#leases = openLeases(leasePath(settings.tun), databases.pools, this.#log);
    this.#cleanup.add('the leases', () => this.#leases.close());
    this.#startEngine(sockets);
    this.#inform = new InformDoor({
      tun: name,
      given: (address) => this.#engine.given(address),
      localAddressFor,
      now,
      log: this.#log,
    });
    this.#inform.update(databases.identities);
    this.#cleanup.add('the socket for DHCPINFORM', () => this.#inform.close());
    const engine = this.#engine;
    const tables = this.#tables;
    const plane = new DataPlane({
      memory,
      tunFds: tun.fds,
      sockets: sockets.workers,
      fragmenting: sockets.fragmenting,
      onMail: (mail) => this.#background(readMail(mail, { engine, tables, now })),
      onTooBig: (remote) => this.#paths.narrowed(addressFromBytes(remote)),
      onEvent: ({ level, text }) => this.#log[level]('data', text),
      onLost: (reason) => this.#fail(new Error(reason)),
    });
    this.#cleanup.add('the workers', () => plane.stop());
    const sources = {
      certificates: () => this.#certificates.rows(),
      built: () => this.#built,
      tables,
      engine,
      memory,
      refused: () => this.#effects.refused(),
      names: () => this.#names.states(),
      carried: (connection: number) => this.#watch.carried(connection),
    };
    this.#watch.begin({ ...sources, sockets, device: name });
    this.handlers = printHandlers(sources, {
      killConnections: (which) => this.#do(this.#engine.killConnections(which)),
      flush: () => this.#do(this.#engine.flush()),
    });
    const text = `${workers} workers on ${name}, ${databases.policies.length} policies`;
    this.#log.info('system', text);
    const watch = new AddressWatch(() => this.#addressesChanged());
    this.#cleanup.add('the watch for addresses', () => watch.close());
    this.#addressesChanged();
    void this.#do(this.#engine.start());
    this.#cleanup.add('the DNS names', () => this.#names.close());
    this.#names.update(this.#built.named);
    return this;
  }

  async #openUsers(): Promise<void> {
    this.#users = await Users.open(this.#built.settings.radius, {
      now,
      random: randomBytes,
      localAddressFor,
      credentials: (name) => tlsCredentials(this.#certificates.store, name),
      traffic: (child) => this.#tables.traffic(child),
      end: (sessions, cause, reason) =>
        this.#background(this.#engine.endSessions(sessions, cause, reason)),
      limit: (sessions, seconds) => this.#background(this.#engine.limitSessions(sessions, seconds)),
      log: this.#log,
    });
    this.#cleanup.add('the RADIUS sockets', () => this.#users.stop(0));
  }

  file(): Built['file'] {
    return this.#built.file;
  }

  /** Who is examined may have been well when its path was asked about last. */
  examine(peer: string): LiveFacts {
    for (const { association } of this.#tables.list()) {
      if (association.peer === peer) this.#paths.again(association.remote.address, now());
    }
    this.#alarm.schedule();
    return this.#watch.examine(peer);
  }

  figures(): GatewayFigures {
    return this.#watch.figures();
  }

  reload(next: Built): Promise<ReloadResult> {
    const turn = this.#reloading.then(() => this.#reload(next));
    this.#reloading = turn.catch(() => {});
    return turn;
  }

  async #reload(next: Built): Promise<ReloadResult> {
    if (this.#stopping) throw new ReloadError('the gateway is stopping');
    const running = this.#built;
    refuseRestart(running.settings, next.settings);
    await this.#users.reconfigure(next.settings.radius);
    const placed = this.#names.place(next.databases, next.named);
    const change = reconcile(running.databases, placed, this.#nextId);
    this.#nextId = change.nextId;
    this.#effects.replace(running.databases, change.databases);
    this.#tables.setMssClamp(clampedTo(next));
    this.#log.setLevel(next.settings.log.level);
    this.#built = { ...next, databases: change.databases };
    this.#certificates.replace(next);
    this.#watch.changed(change.changedPeers);
    this.#leases.leases.reconfigure(next.databases.pools);
    this.#inform.update(next.databases.identities);
    await this.#do(this.#engine.reconfigure(change));
    void this.#trust.changed();
    this.#names.update(next.named);
    return resultOf(change);
  }

  /** A peer's name has another address: the peer is another one, the others keep their SAs. */
  #renamed(): void {
    const turn = this.#reloading.then(async () => {
      if (this.#stopping) return;
      const { databases, named } = this.#built;
      const change = reconcile(databases, this.#names.place(databases, named), this.#nextId);
      this.#built = { ...this.#built, databases: change.databases };
      await this.#do(this.#engine.reconfigure(change));
    });
    // What can fail in it, #do has logged.
    this.#reloading = turn.catch(() => {});
  }

  #startEngine(sockets: SocketSet): void {
    const agreement = threadedAgreement();
    this.#cleanup.add('the agreement thread', () => agreement.close());
    this.#engine = new Engine(this.#built.databases, {
      now,
      random: randomBytes,
      allocateSpi: () => this.#tables.allocateSpi(),
      agreement,
      certificates: this.#certificates.store,
      localAddressFor,
      resolve: async (name, family) => (await resolveName(name, family)).addresses,
      authenticate: (applicant) => this.#users.authenticate(applicant),
      leases: this.#leases.leases,
      systemDns,
      settings: { cookieThreshold: this.#built.settings.cookieThreshold },
    });
    this.#runner = new StepRunner({
      tables: this.#tables,
      policies: this.#effects,
      received: this.#received,
      sockets,
      log: this.#log,
      paths: {
        mtu: (remote) => {
          this.#paths.watch(remote, now());
          return this.#paths.mtu(remote);
        },
        answered: ({ remote, ...answer }) => this.#paths.answered(remote, answer, now()),
      },
    });
    this.#cleanup.add('the timers', () => this.#alarm.close());
    this.#trust = new CertificateWatch({
      rechecks: () => this.#engine.rechecks(),
      carry: (step) => this.#do(step),
      everyMs: () => this.#built.settings.recheck * 1000,
    });
    this.#cleanup.add('the watch for certificates', () => this.#trust.close());
  }

  /** Waits for an engine's Step, carries it out, and sets the timer anew. */
  async #do<S extends Step>(work: Promise<S>): Promise<S> {
    try {
      const step = await work;
      this.#users.before(step);
      this.#watch.before(step, this.#tables);
      this.#runner.run(step);
      for (const { peer } of step.install) this.#names.works(peer);
      for (const { peer, address } of step.silent) this.#names.silence(peer, address);
      this.#users.after(step);
      this.#tables.cookies.set(this.#engine.cookies());
      this.#alarm.schedule();
      return step;
    } catch (error) {
      // Engine and runner report what a peer or the kernel may do as events: this is a bug of ours.
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#log.error('system', `internal error, please report: ${text}`);
      this.#alarm.schedule();
      throw error;
    }
  }

  #addressesChanged(): void {
    const { databases, settings } = this.#built;
    const { all, outside } = ownAddresses(settings.tun.name, databases.policies);
    this.#background(this.#engine.addressesChanged(all, outside));
  }

  #tick(): void {
    for (const child of this.#tables.childrenWithTraffic()) {
      this.#background(this.#engine.trafficSeen(child, now()));
    }
    this.#paths.tick(now());
    this.#background(this.#engine.tick(now()));
  }

  /** Asks a peer something that is as long as a packet of `bytes`; false: nobody is there to ask. */
  #probe(remote: Address, bytes: number): Promise<boolean> {
    const asked = this.#do(this.#engine.probe(remote, bytes));
    return asked.then(
      (step) => step.asked,
      () => false,
    );
  }

  /** Nobody awaits it: its failure was logged, and there is no one to tell. */
  #background(work: Promise<Step> | undefined): void {
    if (work) this.#do(work).catch(() => {});
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const deadline = now() + GOODBYE_MS;
    await this.#do(this.#engine.shutdown()).catch(() => {});
    while (this.#engine.peers().length > 0 && now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await this.#users.stop(LAST_RECORDS_MS);
    await this.#cleanup.run((text) => this.#log.error('system', text));
    this.#tables.erase();
  }
}
