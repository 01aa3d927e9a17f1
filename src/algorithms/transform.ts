// What every table of the registry shares: transform types and the numbers of IKEv2's SA payload
// (RFC 7296 §3.3). Outside this room and src/wire nothing holds such a number.

/** RFC 7296 §3.3.1, protocol IDs. */
export const PROTOCOL_IKE = 1;
export const PROTOCOL_AH = 2;
export const PROTOCOL_ESP = 3;

/** RFC 7296 §3.3.2, transform types. */
export const TRANSFORM_ENCRYPTION = 1;
export const TRANSFORM_PRF = 2;
export const TRANSFORM_INTEGRITY = 3;
export const TRANSFORM_GROUP = 4;
export const TRANSFORM_ESN = 5;

/** NONE of integrity and group, and "no extended sequence numbers" of ESN. */
export const TRANSFORM_NONE = 0;
/** Extended sequence numbers, RFC 7296 §3.3.2, transform type 5. */
export const ESN_YES = 1;

/** RFC 7296 §3.3.5: the one attribute there is. */
export const ATTRIBUTE_KEY_LENGTH = 14;

/** A transform the peer sent with something we do not know: it matches nothing (RFC 7296 §3.3.6). */
export const TRANSFORM_UNKNOWN = -1;

export interface Transform {
  readonly type: number;
  readonly id: number;
  /** The key length attribute, where the algorithm has one. */
  readonly keyBits?: number | undefined;
}

/** One proposal of an SA payload, without number and SPI. */
export interface TransformProposal {
  readonly protocol: number;
  readonly transforms: readonly Transform[];
}

/**
 * must, should: RFC 8221 and RFC 8247 say so, or nothing against it. legacy: for old peers, weak.
 * off: broken by today's means; used only where the configuration names it.
 */
export type Status = 'must' | 'should' | 'legacy' | 'off';

/** What every row of the registry has. */
export interface AlgorithmRow {
  /** Our name: in logs, vectors, docs and ChildSa. */
  readonly name: string;
  /** RouterOS's spelling in `/ip ipsec profile`; undefined: not for IKE. */
  readonly profile: string | undefined;
  /** RouterOS's spelling in `/ip ipsec proposal`; undefined: not for ESP. */
  readonly proposal: string | undefined;
  /** Transform number in IKEv2's own space for this type. */
  readonly ikev2: number;
  readonly rfc: string;
  readonly status: Status;
}

/** The row of a name as this menu spells it. */
export function find<Row extends AlgorithmRow>(
  rows: readonly Row[],
  menu: 'profile' | 'proposal',
  name: string,
): Row | undefined {
  return rows.find((row) => row[menu] === name);
}

/** The names a menu accepts, in the table's order. */
export function namesOf(rows: readonly AlgorithmRow[], menu: 'profile' | 'proposal'): string[] {
  return rows.flatMap((row) => row[menu] ?? []);
}

/** The row of a name that was checked before (ChildSa, a selected suite). */
export function rowNamed<Row extends AlgorithmRow>(rows: readonly Row[], name: string): Row {
  const row = rows.find((candidate) => candidate.name === name);
  if (!row) throw new RangeError(`no algorithm is called ${name}`);
  return row;
}
