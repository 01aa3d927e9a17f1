// Mutations of valid IKE messages: what an attacker or a broken peer makes of them. Each takes a
// message and gives a new one; every random decision comes from the seed.
import type { Random } from './random.js';

export type Mutation = (random: Random, bytes: Uint8Array) => Uint8Array;

const HEADER = 28;

function copyOf(bytes: Uint8Array): { copy: Uint8Array; view: DataView } {
  const copy = Uint8Array.from(bytes);
  return { copy, view: new DataView(copy.buffer) };
}

/** Where the generic headers stand, as far as the chain can be followed. */
function payloadOffsets(bytes: Uint8Array): number[] {
  const offsets: number[] = [];
  for (let at = HEADER, next = bytes[16] ?? 0; next !== 0 && at + 4 <= bytes.length; ) {
    offsets.push(at);
    const encrypted = next === 46 || next === 53;
    const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    next = encrypted ? 0 : bytes[at]!;
    if (length < 4) break;
    at += length;
  }
  return offsets;
}

/** Sets the header's length to what there is, so that the fault behind it is reached. */
function withTrueLength(bytes: Uint8Array): Uint8Array {
  const { copy, view } = copyOf(bytes);
  if (copy.length >= HEADER) view.setUint32(24, copy.length);
  return copy;
}

const flipBits: Mutation = (random, bytes) => {
  const { copy } = copyOf(bytes);
  const flips = random.between(1, 8);
  for (let i = 0; i < flips; i++)
    copy[random.between(0, copy.length - 1)]! ^= 1 << random.between(0, 7);
  return copy;
};

const EXTREMES = [0, 1, 3, 4, 27, 28, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff];
const extremeBytes: Mutation = (random, bytes) => {
  const { copy, view } = copyOf(bytes);
  const at = random.between(0, copy.length - 2);
  view.setUint16(at, random.pick(EXTREMES));
  return copy;
};

/** A payload says it is longer or shorter than it is. */
const lieAboutLength: Mutation = (random, bytes) => {
  const { copy, view } = copyOf(bytes);
  const offsets = payloadOffsets(bytes);
  if (offsets.length === 0) return copy;
  const at = random.pick(offsets) + 2;
  const lie = random.chance(0.5)
    ? random.pick(EXTREMES)
    : view.getUint16(at) + random.between(-9, 9);
  view.setUint16(at, lie & 0xffff);
  return copy;
};

const lieAboutMessageLength: Mutation = (random, bytes) => {
  const { copy, view } = copyOf(bytes);
  view.setUint32(24, random.pick([0, 27, 28, copy.length - 1, copy.length + 1, 0xffffffff]));
  return copy;
};

const truncate: Mutation = (random, bytes) => {
  const cut = bytes.slice(0, random.between(0, bytes.length - 1));
  return random.chance(0.7) ? withTrueLength(cut) : cut;
};

const extend: Mutation = (random, bytes) => {
  const longer = new Uint8Array(bytes.length + random.between(1, 64));
  longer.set(bytes);
  longer.set(random.bytes(longer.length - bytes.length), bytes.length);
  return random.chance(0.7) ? withTrueLength(longer) : longer;
};

/** A stretch of the message comes twice. */
const duplicate: Mutation = (random, bytes) => {
  const start = random.between(HEADER, Math.max(HEADER, bytes.length - 1));
  const end = random.between(start, bytes.length);
  const parts = [bytes.subarray(0, end), bytes.subarray(start, end), bytes.subarray(end)];
  return withTrueLength(joined(parts));
};

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Payloads in another order, some twice or not at all, with the chain's numbers kept right. */
const shufflePayloads: Mutation = (random, bytes) => {
  const offsets = payloadOffsets(bytes);
  if (offsets.length < 2) return flipBits(random, bytes);
  let number = bytes[16]!;
  const payloads = offsets.map((at, index) => {
    const body = Uint8Array.from(bytes.subarray(at, offsets[index + 1] ?? bytes.length));
    const payload = { number, body };
    number = body[0]!;
    return payload;
  });
  const last = number;
  const shuffled = random.list(0, payloads.length + 2, () => random.pick(payloads));
  const { copy } = copyOf(bytes.subarray(0, HEADER));
  copy[16] = shuffled[0]?.number ?? 0;
  const bodies = shuffled.map(({ body }, index) => {
    const { copy: changed } = copyOf(body);
    changed[0] = shuffled[index + 1]?.number ?? last;
    return changed;
  });
  return withTrueLength(joined([copy, ...bodies]));
};

/** A payload claims to be of another type: an SA read as a traffic selector. */
const retype: Mutation = (random, bytes) => {
  const { copy } = copyOf(bytes);
  const places = [16, ...payloadOffsets(bytes)];
  copy[random.pick(places)] = random.chance(0.8) ? random.between(33, 53) : random.between(0, 255);
  return copy;
};

const changeHeader: Mutation = (random, bytes) => {
  const { copy } = copyOf(bytes);
  copy[random.between(0, HEADER - 1)] = random.between(0, 255);
  return copy;
};

const garbage: Mutation = (random, bytes) => {
  const noise = random.bytes(random.between(0, 400));
  return random.chance(0.5) ? joined([bytes.subarray(0, HEADER), noise]) : noise;
};

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flipBits,
  extremeBytes,
  lieAboutLength,
  lieAboutMessageLength,
  truncate,
  extend,
  duplicate,
  shufflePayloads,
  retype,
  changeHeader,
  garbage,
};
const ALL = Object.values(MUTATIONS);

/** One to three mutations, one on top of the other. */
export function mutate(random: Random, bytes: Uint8Array): Uint8Array {
  let mutated = bytes;
  const rounds = random.between(1, 3);
  for (let i = 0; i < rounds && mutated.length > HEADER; i++) {
    mutated = random.pick(ALL)(random, mutated);
  }
  return mutated;
}
