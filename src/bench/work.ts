// What one tunnel is measured with, as data: a TCP work is a number of flows, a UDP work a mix of
// packets.

export interface TcpWork {
  readonly name: string;
  readonly flows: number;
}

export interface UdpWork {
  readonly name: string;
  /** Inner packets, IP header included, sent in turn. */
  readonly packets: readonly number[];
}

export type Work = TcpWork | UdpWork;

/** The simple Internet mix, 7 : 4 : 1, with sizes that every peer's MTU carries, spread evenly. */
const IMIX = [64, 512, 64, 64, 512, 64, 1400, 64, 512, 64, 512, 64];

export const WORKS: readonly Work[] = [
  { name: 'tcp-1', flows: 1 },
  { name: 'tcp-8', flows: 8 },
  { name: 'udp-64', packets: [64] },
  { name: 'udp-512', packets: [512] },
  { name: 'udp-1400', packets: [1400] },
  { name: 'udp-imix', packets: IMIX },
];
