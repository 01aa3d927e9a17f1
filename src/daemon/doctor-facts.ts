// What the doctor's questions are answered from, gathered before any of them is asked: what the file
// says of the peer, how the host would reach it, and what the running daemon knows.
import type { PeerRecord, Stranger } from './ailments.js';
import { type FileFacts, fileFacts } from './doctor-file.js';
import { type PathFacts, pathFacts } from './doctor-path.js';
import type { Loaded } from '../config/load.js';

/** What only a running daemon knows. */
export interface LiveFacts {
  readonly daemon: boolean;
  /** Why its DNS name is no address, or an old one. */
  readonly naming?: string | undefined;
  readonly record: PeerRecord;
  readonly strangers: readonly Stranger[];
  readonly ike: 'none' | 'asking' | 'established';
  /** The peer has answered IKE_SA_INIT. */
  readonly beyondFirst: boolean;
  readonly state: string;
  /** Seconds since the last authentic message, or since we began to ask. */
  readonly askingFor: number;
  readonly nat: boolean | undefined;
  readonly suite: string;
  readonly remoteId: string;
  readonly policies: readonly PolicyFacts[];
  /** Of the peer's policies those that have other peers, too. */
  readonly backups: readonly BackupFacts[];
  readonly sas: number;
  readonly in: { readonly packets: number; readonly invalid: number };
  readonly out: { readonly packets: number };
  readonly pathMtu: number | undefined;
  /** Packets of all peers that left in fragments. */
  readonly fragments: number;
}

/** A policy with several peers: how each of them does, in the order of the policy. */
export interface BackupFacts {
  /** Of the policy. */
  readonly number: number;
  readonly peers: readonly PeerFacts[];
}

/** `fails`: one before the peer in use, or all where none is. */
export interface PeerFacts {
  readonly name: string;
  readonly state: 'in use' | 'stands by' | 'fails';
  /** Why it fails, and since when (Unix time in ms) where that is known. */
  readonly why?: string;
  readonly at?: number;
}

export interface PolicyFacts {
  readonly number: number;
  /** `10.0.0.0/24 to 10.1.0.0/24`. */
  readonly networks: string;
  readonly sas: number;
}

export type DoctorFacts = FileFacts &
  PathFacts &
  LiveFacts & {
    readonly peer: string;
    /** Unix time in ms. */
    readonly now: number;
    /** The file is not what the daemon runs on. */
    readonly stale: boolean;
  };

const NOT_RUNNING: Omit<LiveFacts, 'policies'> = {
  daemon: false,
  record: { ailments: [], notified: undefined },
  strangers: [],
  ike: 'none',
  beyondFirst: false,
  state: '',
  askingFor: 0,
  nat: undefined,
  suite: '',
  remoteId: '',
  backups: [],
  sas: 0,
  in: { packets: 0, invalid: 0 },
  out: { packets: 0 },
  pathMtu: undefined,
  fragments: 0,
};

/** Without a daemon: `live` is undefined. */
export async function gather(
  peer: string,
  loaded: Loaded,
  live: LiveFacts | undefined,
  stale = false,
): Promise<DoctorFacts> {
  const file = fileFacts(peer, loaded);
  const path = await pathFacts(file, live?.ike !== 'established');
  const known = live ?? { ...NOT_RUNNING, policies: file.written };
  return { ...file, ...path, ...known, peer, now: Date.now(), stale };
}

/** The peers that a file names, disabled ones too. */
export function peersOf(loaded: Loaded): string[] {
  return loaded.ok ? fileFacts('', loaded).others : [];
}
