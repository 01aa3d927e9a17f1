// Classic BPF programs for sockets: which worker gets a datagram, which SPIs a raw socket takes,
// which packets a capture keeps. Built as lists of instructions, run by the kernel.
import { addressOf, allocate, check, setsockopt } from './libc.js';
import {
  BPF_ALU_AND_K,
  BPF_ALU_MOD_K,
  BPF_ALU_RSH_K,
  BPF_INSTRUCTION_BYTES,
  BPF_JMP_JEQ_K,
  BPF_LD_B_ABS,
  BPF_LD_W_ABS,
  BPF_LD_W_IND,
  BPF_LDX_B_MSH,
  BPF_RET_A,
  BPF_RET_K,
  SOL_SOCKET,
} from './linux.js';

/** One instruction: code, jump if true, jump if false, operand. */
export type Instruction = readonly [code: number, jt: number, jf: number, k: number];
/** An address prefix in network byte order; 4 bytes are IPv4, 16 are IPv6. */
export interface IpPrefix {
  readonly address: Uint8Array;
  readonly bits: number;
}

const ALL = 0xffffffff;

const accept: Instruction = [BPF_RET_K, 0, 0, ALL];
const reject: Instruction = [BPF_RET_K, 0, 0, 0];

/** The worker of the SPI in A: our SPIs carry it in their low bits (docs/architecture.md). */
function workerOf(workers: number): Instruction {
  const power = (workers & (workers - 1)) === 0;
  return power ? [BPF_ALU_AND_K, 0, 0, workers - 1] : [BPF_ALU_MOD_K, 0, 0, workers];
}

/**
 * For a reuseport group on port 4500, data begins behind the UDP header: the SPI, or the non-ESP
 * marker (0: worker 0). A keepalive of one byte fails the load, which the kernel reads as index 0.
 */
export function steerBySpi(workers: number): Instruction[] {
  return [[BPF_LD_W_ABS, 0, 0, 0], workerOf(workers), [BPF_RET_A, 0, 0, 0]];
}

/** For a reuseport group on port 500: everything goes to the first socket of the group. */
export function steerToFirst(): Instruction[] {
  return [reject];
}

/** For a capture of everything. */
export const takeAll = (): Instruction[] => [accept];

const UDP = 17;
const ESP = 50;
const AH = 51;
const IPV6_FRAGMENT = 44;

/** For a packet socket that sees IP headers first: ESP, AH, UDP from or to these ports, and fragments. */
export function takeIpsec(ports: readonly number[]): Instruction[] {
  const equals = (value: number): Instruction[] => [[BPF_JMP_JEQ_K, 0, 1, value], accept];
  const portsAt = (load: Instruction): Instruction[] => [
    load,
    [BPF_ALU_RSH_K, 0, 0, 16],
    ...ports.flatMap(equals),
    load,
    [BPF_ALU_AND_K, 0, 0, 0xffff],
    ...ports.flatMap(equals),
    reject,
  ];
  const four: Instruction[] = [
    [BPF_LD_B_ABS, 0, 0, 9],
    ...equals(ESP),
    ...equals(AH),
    [BPF_JMP_JEQ_K, 1, 0, UDP],
    reject,
    // a later fragment shows no ports
    [BPF_LD_W_ABS, 0, 0, 4],
    [BPF_ALU_AND_K, 0, 0, 0x1fff],
    [BPF_JMP_JEQ_K, 1, 0, 0],
    accept,
    [BPF_LDX_B_MSH, 0, 0, 0],
    ...portsAt([BPF_LD_W_IND, 0, 0, 0]),
  ];
  const six: Instruction[] = [
    [BPF_LD_B_ABS, 0, 0, 6],
    ...equals(ESP),
    ...equals(AH),
    ...equals(IPV6_FRAGMENT),
    [BPF_JMP_JEQ_K, 1, 0, UDP],
    reject,
    ...portsAt([BPF_LD_W_ABS, 0, 0, 40]),
  ];
  return [
    [BPF_LD_B_ABS, 0, 0, 0],
    [BPF_ALU_RSH_K, 0, 0, 4],
    [BPF_JMP_JEQ_K, 0, four.length, 4],
    ...four,
    ...six,
  ];
}

/** For a socket that only sends: nothing is queued on it. */
export function takeNothing(): Instruction[] {
  return [reject];
}

/**
 * For a raw ESP or AH socket: takes the SPIs of one worker, which stand at `offset` (RFC 4303 §2,
 * RFC 4302 §2). IPv4 data begins with the IP header.
 */
export function takeSpis(
  family: 4 | 6,
  worker: number,
  workers: number,
  offset = 0,
): Instruction[] {
  const load: Instruction[] =
    family === 4
      ? [
          [BPF_LDX_B_MSH, 0, 0, 0],
          [BPF_LD_W_IND, 0, 0, offset],
        ]
      : [[BPF_LD_W_ABS, 0, 0, offset]];
  return [...load, workerOf(workers), [BPF_JMP_JEQ_K, 0, 1, worker], accept, reject];
}

/** Attaches a program with SO_ATTACH_FILTER or SO_ATTACH_REUSEPORT_CBPF. */
export function attachProgram(fd: number, option: number, program: readonly Instruction[]): void {
  const code = allocate(program.length * BPF_INSTRUCTION_BYTES);
  program.forEach(([operation, jt, jf, k], index) => {
    const at = index * BPF_INSTRUCTION_BYTES;
    code.view.setUint16(at, operation, true);
    code.view.setUint8(at + 2, jt);
    code.view.setUint8(at + 3, jf);
    code.view.setUint32(at + 4, k, true);
  });
  const header = allocate(16); // struct sock_fprog: u16 length, pointer
  header.view.setUint16(0, program.length, true);
  header.view.setBigUint64(8, BigInt(addressOf(code.bytes)), true);
  check(
    setsockopt(fd, SOL_SOCKET, option, header.at, header.bytes.length),
    'setsockopt',
    `a packet filter of ${program.length} instructions`,
  );
}
