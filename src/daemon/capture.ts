// `culvert capture`: the gateway's packets as they pass, IKE, ESP and AH on every interface; on demand
// also what is inside, as the host hands it to the TUN device and gets it back.
import type { Built } from '../config/databases.js';
import { IKE_PORT, NAT_PORT } from '../ike/parts/nat.js';
import { PacketTap, type TappedPacket } from '../net/packet-tap.js';

export interface CaptureArguments {
  /** Also what the tunnels carry, in the clear. */
  readonly decrypted?: boolean;
}

export interface CapturedPacket {
  /** Place in `interfaces`. */
  readonly interface: number;
  /** Nanoseconds of Unix time, decimal. */
  readonly at: string;
  readonly outbound: boolean;
  /** From the IP header on, in base64. */
  readonly bytes: string;
}

export interface CaptureNews {
  /** In the first answer only. */
  readonly interfaces?: readonly string[];
  readonly packets: readonly CapturedPacket[];
  /** Packets that the kernel dropped so far, because nobody took them fast enough. */
  readonly dropped: number;
}

// Our own choices: a batch stays below what a socket's buffer holds, and looking costs little.
const AT_ONCE = 64;
const LOOK_MS = 20;
/** A quiet capture says so now and then, so that a client that has gone is noticed. */
const SAY_MS = 1000;

export async function* capture(
  { decrypted = false }: CaptureArguments,
  signal: AbortSignal,
  { settings, databases, named }: Pick<Built, 'settings' | 'databases' | 'named'>,
): AsyncGenerator<CaptureNews> {
  const device = settings.tun.name;
  // A name may get its address while the capture goes on.
  const ports = [...databases.peers, ...named].map(({ port }) => port);
  const taps: PacketTap[] = [];
  try {
    taps.push(new PacketTap([...new Set([IKE_PORT, NAT_PORT, ...ports])]));
    if (decrypted) taps.push(new PacketTap(device));
    const interfaces = decrypted ? ['outside', `${device} (decrypted)`] : ['outside'];
    yield { interfaces, packets: [], dropped: 0 };
    let said = Date.now();
    while (!signal.aborted) {
      const packets = taps
        .flatMap((tap, at) => tap.read(AT_ONCE).map((one) => ({ ...one, tap: at })))
        .sort((a, b) => Number(a.at - b.at))
        .map(written);
      const now = Date.now();
      if (packets.length > 0 || now - said > SAY_MS) {
        said = now;
        yield { packets, dropped: taps.reduce((sum, tap) => sum + tap.dropped(), 0) };
      }
      if (packets.length === 0) await pause(signal);
    }
  } finally {
    for (const tap of taps) tap.close();
  }
}

function written(one: TappedPacket & { readonly tap: number }): CapturedPacket {
  const { tap, bytes, at, outbound } = one;
  return {
    interface: tap,
    at: String(at),
    outbound,
    bytes: Buffer.from(bytes).toString('base64'),
  };
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, LOOK_MS);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
