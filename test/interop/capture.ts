// The judge of the second promise: tcpdump on the wire between the gateways, from before anything
// starts until after everything has stopped; then no packet of the protected networks is in it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { background, eventually, isRunning, run, stop } from './command.js';
import type { Host, Topology } from './topology.js';
import { AGENT } from './traffic.js';

export interface Capture {
  /** Ends the capture and reads it. */
  finish(): Promise<Captured>;
}

export interface Captured {
  readonly path: string;
  /** Packets of a site's networks outside the tunnel, one line each. */
  readonly clear: readonly string[];
  /** ESP packets by how they travelled. */
  readonly plainEsp: number;
  readonly udpEsp: number;
}

const PROTECTED = ['net 198.18.0.0/15', 'net 2001:db8:a::/48', 'net 2001:db8:b::/48'].join(' or ');
/** UDP 4500 without the non-ESP marker and longer than a keepalive (RFC 3948 §2). */
const UDP_ESP_V4 = 'udp port 4500 and udp[4:2] > 16 and udp[8:4] != 0';
const UDP_ESP_V6 = 'ip6 proto 17 and (ip6[40:2] = 4500 or ip6[42:2] = 4500) and ip6[48:4] != 0';

export async function startCapture(
  topology: Topology,
  host: Host = 'sun',
  device = 'eth0',
): Promise<Capture> {
  const path = join(topology.folder, `${host}-${device}.pcap`);
  const log = join(topology.folder, `${host}-${device}.tcpdump`);
  const namespace = topology.namespace(host);
  // Unbuffered both ways, so that the marker's arrival proves what came before is in the file.
  const argv = ['tcpdump', '-i', device, '-nn', '-U', '--immediate-mode', '-s', '256', '-w', path];
  const child = background(namespace, argv, log);
  const said = (): string => readFileSync(log, 'utf8');
  const ready = () => said().includes('listening on') || !isRunning(child);
  await eventually('tcpdump to listen', ready, undefined, said);

  const finish = async (): Promise<Captured> => {
    if (!isRunning(child)) throw new Error(`tcpdump ended early: ${said()}`);
    await mark(namespace, device, path);
    await stop(child, 'SIGINT', 'tcpdump');
    const dropped = /(\d+) packets? dropped by kernel/.exec(said())?.[1];
    if (dropped !== '0') throw new Error(`the capture has holes: ${said()}`);
    return judge(path);
  };
  return { finish };
}

/** Sends a datagram no one else sends over the device and waits until the file holds it. */
async function mark(namespace: string, device: string, path: string): Promise<void> {
  const text = `end of capture ${process.hrtime.bigint()}`;
  const group = `ff02::1%${device}`;
  await eventually('the end marker in the capture', async () => {
    await run(namespace, [process.execPath, AGENT, 'shout', group, '9', text]);
    return readFileSync(path).includes(text);
  });
}

async function judge(path: string): Promise<Captured> {
  const select = async (filter: string): Promise<string[]> => {
    const { status, output } = await run(undefined, ['tcpdump', '-nn', '-r', path, filter]);
    if (status !== 0) throw new Error(`tcpdump -r ${path}: ${output}`);
    return output.split('\n').filter((line) => /^\d\d:/.test(line));
  };
  return {
    path,
    clear: await select(PROTECTED),
    plainEsp: (await select('ip proto 50 or ip6 proto 50')).length,
    udpEsp: (await select(`(${UDP_ESP_V4}) or (${UDP_ESP_V6})`)).length,
  };
}
