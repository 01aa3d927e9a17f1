// What a menu is: rows of properties, each with its kind, default and sentence. Validation, JSON
// schema and reference page all read these rows; nothing else knows a property.
import type { Kind } from './kind.js';

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
}

export interface Menu {
  readonly name: string;
  /** A list of entries, or one object. */
  readonly list: boolean;
  readonly text: string;
  readonly properties: readonly Property[];
  /** RouterOS's properties that this gateway does not take yet. */
  readonly later: readonly string[];
  /** The entry that exists without being written, by name. */
  readonly builtin?: string;
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
