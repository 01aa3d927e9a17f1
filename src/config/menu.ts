// What a menu is: rows of properties, each with its kind, default and sentence. Validation, JSON
// schema, reference page, command line and import all read these rows; nothing else knows a property.
import { isDeepStrictEqual } from 'node:util';
import { failed, type Kind } from './kind.js';

/** What must be built before a value does anything, and who says so until then. */
export interface Later {
  /** Completes "… is not there yet": `IKEv1`, `RADIUS`. */
  readonly what: string;
  /** Values that wait; without it all but the default. */
  readonly values?: (value: unknown) => boolean;
  /**
   * `refused`: the file is wrong. `peer`: the file is right, the peer is not started and says why.
   * `entry`: nothing that is started uses it; a warning says so.
   * A value is never taken and then not carried out.
   */
  readonly meanwhile: 'refused' | 'peer' | 'entry';
}

export interface Property<N extends string = string, T = unknown> {
  readonly name: N;
  readonly kind: Kind<T>;
  /** As it would be written in the file. Without one the property must be written. */
  readonly default?: string | number | boolean;
  /** RouterOS's default where ours differs … */
  readonly routeros?: string;
  /** … and why ours does. */
  readonly because?: string;
  /** RouterOS has no such property. */
  readonly ours?: true;
  readonly text: string;
  readonly later?: Later;
  /** Not without these (a rule's business): `IKEv1 only`, `responder only`. */
  readonly only?: string;
  /** Below test/, where its effect is shown. */
  readonly shown?: readonly string[];
}

/** A property that is computed and printed: it never stands in the file. */
export interface Computed {
  readonly name: string;
  readonly notation: string;
  readonly text: string;
  readonly ours?: true;
  /** What must be built before it can be anything but empty. */
  readonly later?: string;
  readonly shown?: readonly string[];
}

export interface Menu {
  readonly name: string;
  /** A list of entries, or one object. */
  readonly list: boolean;
  readonly text: string;
  readonly properties: readonly Property[];
  readonly computed?: readonly Computed[];
  /** The entry that exists without being written, by name. */
  readonly builtin?: string;
  /** What must be built before an entry can be used; those who would use it say so. */
  readonly later?: string;
}

/** A menu that is only printed. */
export interface PrintedMenu {
  readonly name: string;
  readonly text: string;
  readonly computed: readonly Computed[];
  readonly commands: readonly string[];
}

/** Keeps the name and the type of a row's value. */
export const property = <const N extends string, T>(row: Property<N, T>): Property<N, T> => row;

/** Keeps the types of a menu's rows. */
export const menu = <const M extends Menu>(value: M): M => value;

type Row<M extends Menu> = M['properties'][number];
type ValueOf<P> = P extends { readonly kind: Kind<infer T> } ? T : never;

/** An entry of a menu as read: RouterOS's names, values as their kinds make them. */
export type Entry<M extends Menu> = {
  readonly [N in Row<M>['name']]: ValueOf<Extract<Row<M>, { readonly name: N }>>;
};

/** Whether two values as written are read as the same. */
export function sameValue({ kind }: Property, a: unknown, b: unknown): boolean {
  const [first, second] = [kind.read(a), kind.read(b)];
  return !failed(first) && !failed(second) && isDeepStrictEqual(first.value, second.value);
}

/** Whether a value as read is the property's default. */
export function isDefault(row: Property, value: unknown): boolean {
  if (row.default === undefined) return false;
  const result = row.kind.read(row.default);
  return !failed(result) && isDeepStrictEqual(result.value, value);
}

/** What a value as read waits for; undefined where it does what it says. */
export function waitsFor({ later, ...row }: Property, value: unknown): string | undefined {
  if (!later) return undefined;
  return (later.values ?? ((v) => !isDefault(row, v)))(value) ? later.what : undefined;
}
