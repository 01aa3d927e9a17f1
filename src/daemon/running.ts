// What `culvert run` asks of the composition root (src/daemon/gateway.ts).
import type { Built } from '../config/databases.js';
import type { ControlHandlers, ControlStreams } from './control.js';
import type { LiveFacts } from './doctor-facts.js';
import type { Log } from './log.js';
import type { GatewayFigures } from './metrics.js';
import type { ReloadResult } from './reload.js';

/** The commands that are about the gateway itself; the others are the process's. */
export type GatewayHandlers = Omit<
  ControlHandlers,
  'reload' | 'log print' | 'doctor' | 'configuration path'
>;

export interface RunningGateway {
  readonly handlers: GatewayHandlers;
  readonly streams: Pick<ControlStreams, 'capture'>;
  /** Applies the difference; throws, and goes on as before, where that cannot be. */
  reload(next: Built): Promise<ReloadResult>;
  /** The file it runs on. */
  readonly file: () => Built['file'];
  /** What it knows of a peer. */
  examine(peer: string): LiveFacts;
  /** What it has counted, for the metrics. */
  figures(): GatewayFigures;
  /** Settles when the gateway cannot go on, with the reason for the operator. */
  readonly failure: Promise<Error>;
  /** Says goodbye to the peers, removes the device and all rules and routes but those that refuse. */
  stop(): Promise<void>;
}

export type StartGateway = (configuration: Built, log: Log) => Promise<RunningGateway>;
