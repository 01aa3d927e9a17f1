// What `culvert monitor` shows, worked out from one look after another: rates of peers and counters are
// differences between looks, and the sparkline is the last of them.
import type { LogRow } from '../daemon/history.js';
import type { ActivePeerRow, InstalledSaRow, StatisticsRow } from '../daemon/rows.js';

/** One look at the daemon. */
export interface Look {
  /** Unix time in ms. */
  readonly at: number;
  readonly configured: readonly Configured[];
  readonly active: readonly ActivePeerRow[];
  readonly installed: readonly InstalledSaRow[];
  readonly statistics: StatisticsRow;
  readonly events: readonly LogRow[];
}

/** An enabled peer, with the address as it is written. */
export interface Configured {
  readonly name: string;
  readonly address: string;
  /** The first of no policy: it is called when another is lost. */
  readonly standby: boolean;
}

export interface TunnelLine {
  readonly peer: string;
  readonly state: string;
  readonly address: string;
  readonly uptime: number;
  /** Bits a second. */
  readonly rx: number;
  readonly tx: number;
  /** Bits a second both ways, oldest first. */
  readonly rates: readonly number[];
}

export interface CounterLine {
  readonly name: string;
  readonly perSecond: number;
  readonly total: number;
}

export interface Picture {
  readonly at: number;
  readonly up: number;
  readonly peers: number;
  readonly tunnels: readonly TunnelLine[];
  readonly sas: readonly InstalledSaRow[];
  readonly counters: readonly CounterLine[];
  readonly events: readonly LogRow[];
}

/** How many rates are kept: more than any terminal is wide. */
const KEPT = 240;

interface Track {
  rx: number;
  tx: number;
  rates: number[];
}

export class MonitorModel {
  readonly #tracks = new Map<string, Track>();
  #before: Look | undefined;

  /** The picture after one more look. */
  look(now: Look): Picture {
    const before = this.#before;
    const seconds = before ? Math.max(0.001, (now.at - before.at) / 1000) : 0;
    const tunnels = this.#tunnels(now, seconds);
    this.#before = now;
    return {
      at: now.at,
      up: new Set(now.active.filter(({ state }) => state === 'established').map(({ peer }) => peer))
        .size,
      peers: now.configured.length,
      tunnels,
      sas: now.installed,
      counters: counterLines(now.statistics, before?.statistics, seconds),
      events: now.events,
    };
  }

  #tunnels(now: Look, seconds: number): TunnelLine[] {
    const connected = new Set(now.active.map(({ peer }) => peer));
    const lines = now.active.map((row) => this.#tunnel(row, seconds));
    const present = new Set(now.active.map(keyOf));
    for (const key of this.#tracks.keys()) if (!present.has(key)) this.#tracks.delete(key);
    const down = now.configured
      .filter(({ name }) => !connected.has(name))
      .map(
        ({ name, address, standby }): TunnelLine => ({
          peer: name,
          state: standby ? 'standby' : 'down',
          address,
          uptime: 0,
          rx: 0,
          tx: 0,
          rates: [],
        }),
      );
    return [...lines, ...down].sort((a, b) => a.peer.localeCompare(b.peer));
  }

  #tunnel(row: ActivePeerRow, seconds: number): TunnelLine {
    const key = keyOf(row);
    const track = this.#tracks.get(key);
    const next = { rx: row['rx-bytes'], tx: row['tx-bytes'], rates: track?.rates ?? [] };
    const rx = track ? rate(next.rx, track.rx, seconds) * 8 : 0;
    const tx = track ? rate(next.tx, track.tx, seconds) * 8 : 0;
    if (track) next.rates = [...next.rates, rx + tx].slice(-KEPT);
    this.#tracks.set(key, next);
    return {
      peer: row.peer,
      state: row.state,
      address: row['remote-address'],
      uptime: row.uptime,
      rx,
      tx,
      rates: next.rates,
    };
  }
}

/** An IKE SA that replaces another goes on with its peer's line: the counts are those of the children. */
const keyOf = ({ peer, id, 'remote-address': address }: ActivePeerRow): string =>
  `${peer} ${id} ${address}`;

/** A count that went back began anew: an SA of it is gone. */
const rate = (now: number, before: number, seconds: number): number =>
  seconds === 0 ? 0 : (now < before ? now : now - before) / seconds;

/** Those that grew first, most at the top; traffic itself stands in the tunnels' lines. */
function counterLines(
  now: StatisticsRow,
  before: StatisticsRow | undefined,
  seconds: number,
): CounterLine[] {
  const names = Object.keys(now) as (keyof StatisticsRow)[];
  return names
    .map((name) => ({
      name,
      perSecond: before ? rate(now[name], before[name], seconds) : 0,
      total: now[name],
    }))
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.perSecond - a.perSecond || b.total - a.total);
}
