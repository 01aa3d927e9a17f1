// Carries out a Step of the IKE engine: writes SAs into the tables, sends the messages, logs the
// events. The order matters: what the peer may use after our message must be installed before it.
// And what comes in through an SA, the moment it is there, needs its policy.
//   1. made policies; install, activate, move; SPIs    2. send    3. remove, give up    4. events
import type { Tables } from '../dataplane/tables.js';
import type { ChildSa, Datagram, Endpoint, Probed, Step } from '../ike/step.js';
import { sendIke, sendKeepalive } from '../net/datagram.js';
import { SystemError } from '../net/libc.js';
import type { SocketSet } from '../net/sockets.js';
import { type Address, formatAddress, toBytes } from '../policy/address.js';
import type { Log } from './log.js';
import type { PolicyEffects } from './policy-effects.js';
import type { ReceivedEffects } from './received.js';

const netEndpoint = ({ address, port }: Endpoint): { address: Uint8Array; port: number } => ({
  address: toBytes(address),
  port,
});

/** What is known of the paths to the peers. */
export interface Paths {
  /** For an SA with a peer there, bytes of an outer packet. */
  readonly mtu: (remote: Address) => number;
  readonly answered: (probed: Probed) => void;
}

export interface StepRunnerOptions {
  readonly tables: Tables;
  /** Those made from templates. */
  readonly policies: Pick<PolicyEffects, 'add' | 'remove'>;
  /** What mode-config gave us. */
  readonly received: Pick<ReceivedEffects, 'change'>;
  readonly sockets: SocketSet;
  readonly log: Log;
  readonly paths: Paths;
}

export class StepRunner {
  readonly #tables: Tables;
  readonly #policies: StepRunnerOptions['policies'];
  readonly #received: StepRunnerOptions['received'];
  readonly #sockets: SocketSet;
  readonly #log: Log;
  readonly #paths: Paths;

  constructor({ tables, policies, received, sockets, log, paths }: StepRunnerOptions) {
    this.#tables = tables;
    this.#policies = policies;
    this.#received = received;
    this.#sockets = sockets;
    this.#log = log;
    this.#paths = paths;
  }

  run(step: Step): void {
    for (const change of step.received) if ('up' in change) this.#received.change(change);
    for (const change of step.policies) {
      if ('add' in change) this.#policies.add(change.add);
      else this.#policies.remove(change.remove);
    }
    const standby = new Set(step.standby);
    for (const child of step.install) this.#install(child, !standby.has(child.id));
    for (const id of step.activate) this.#tables.activate(id);
    const { expected, ikeSpis } = this.#tables;
    for (const change of step.expected) {
      if ('expect' in change) expected.add(change.expect.spi, change.expect.remote);
      else expected.remove(change.settled);
    }
    for (const change of step.ikeSpis) {
      if ('add' in change) ikeSpis.add(change.add);
      else ikeSpis.remove(change.remove);
    }
    for (const { id, ...place } of step.move) {
      const { address } = place.remote;
      this.#tables.move(id, place);
      this.#tables.setPathMtu(address, this.#paths.mtu(address));
    }
    for (const datagram of step.send) this.#send(datagram);
    for (const { local, remote } of step.keepalives) {
      this.#attempt(remote, () =>
        sendKeepalive(this.#sockets, netEndpoint(local), netEndpoint(remote)),
      );
    }
    for (const change of step.received) if ('down' in change) this.#received.change(change);
    const lingering = new Set(step.linger);
    for (const id of step.remove) this.#remove(id, lingering.has(id));
    for (const policy of step.unmet) this.#tables.giveUp(policy);
    for (const probed of step.probed) this.#paths.answered(probed);
    for (const event of step.events) this.#log.write(event);
  }

  #install(child: ChildSa, activate: boolean): void {
    const pathMtu = this.#paths.mtu(child.remote.address);
    // The engine never looks at the keys again: they are the tables' from here on.
    this.#tables.install(child, { activate, pathMtu, adopt: true });
  }

  /** One that is not there may come yet, and would stay for ever: that must not pass unseen. */
  #remove(id: number, lingers: boolean): void {
    if (this.#tables.remove(id, lingers)) return;
    this.#log.error('system', `bug: child ${id} is to be removed and is not installed`);
  }

  #send({ local, remote, bytes, size }: Datagram): void {
    this.#attempt(remote, () =>
      sendIke(this.#sockets, netEndpoint(local), netEndpoint(remote), bytes, size),
    );
  }

  /** A message the kernel refuses is a lost message: the engine sends it again, the operator is told. */
  #attempt(remote: Endpoint, send: () => void): void {
    try {
      send();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#log.warning('net', `${formatAddress(remote.address)}: ${error.message}`);
    }
  }
}
