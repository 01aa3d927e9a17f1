// What the clients people have offer by themselves, where it is more than our defaults: property
// `compatible-with` of a peer adds it, behind what the profile and the proposals say. Sources as in
// test/vectors/client-proposals.ts, against which test/config/clients.test.ts holds these rows.
import type { EspNames, IkeNames } from './proposals.js';

interface ClientRow {
  readonly ike: IkeNames;
  readonly esp: Pick<EspNames, 'encAlgorithms' | 'authAlgorithms'>;
  /** With what key exchange it replaces a child; undefined: with none. */
  readonly pfsGroup: string | undefined;
}

const CLIENTS = {
  windows: {
    ike: { dhGroup: ['modp1024'], encAlgorithm: ['aes-256'], hashAlgorithm: ['sha256'] },
    esp: { encAlgorithms: ['aes-256-cbc'], authAlgorithms: ['sha1'] },
    pfsGroup: undefined,
  },
  apple: {
    ike: { dhGroup: ['ecp256', 'modp2048'], encAlgorithm: ['aes-256'], hashAlgorithm: ['sha256'] },
    esp: { encAlgorithms: ['aes-256-gcm', 'aes-256-cbc'], authAlgorithms: ['sha256'] },
    pfsGroup: undefined,
  },
  android: {
    ike: { dhGroup: ['x25519', 'modp2048'], encAlgorithm: ['aes-256'], hashAlgorithm: ['sha256'] },
    esp: { encAlgorithms: ['aes-256-gcm', 'aes-256-cbc'], authAlgorithms: ['sha256'] },
    pfsGroup: undefined,
  },
  routeros: {
    ike: { dhGroup: ['modp2048'], encAlgorithm: ['aes-128'], hashAlgorithm: ['sha1'] },
    esp: { encAlgorithms: ['aes-256-cbc'], authAlgorithms: ['sha1'] },
    pfsGroup: 'modp1024',
  },
} satisfies Record<string, ClientRow>;

export type ClientName = keyof typeof CLIENTS;
export const CLIENT_NAMES = Object.keys(CLIENTS) as ClientName[];

const rowsOf = (clients: readonly ClientName[]): ClientRow[] =>
  clients.map((name) => CLIENTS[name]);
const union = <T>(...lists: readonly (readonly T[])[]): T[] => [...new Set(lists.flat())];

/** What a peer says who negotiates as these clients do: the words of its properties. */
export const clientWords = (client: ClientName): readonly (readonly [string, string])[] => {
  const { ike, esp, pfsGroup } = CLIENTS[client] as ClientRow;
  return [
    ...ike.dhGroup.map((word) => ['dh-group', word] as const),
    ...ike.hashAlgorithm.map((word) => ['hash-algorithm', word] as const),
    ...esp.authAlgorithms.map((word) => ['auth-algorithms', word] as const),
    ['pfs-group', pfsGroup ?? 'none'],
  ];
};

/** The algorithms of a profile, and behind them those of the clients. */
export function ikeNamesWith<N extends IkeNames>(names: N, clients: readonly ClientName[]): N {
  const rows = rowsOf(clients);
  return {
    ...names,
    dhGroup: union(names.dhGroup, ...rows.map(({ ike }) => ike.dhGroup)),
    encAlgorithm: union(names.encAlgorithm, ...rows.map(({ ike }) => ike.encAlgorithm)),
    hashAlgorithm: union(names.hashAlgorithm, ...rows.map(({ ike }) => ike.hashAlgorithm)),
  };
}

/** The same for a proposal. `null` is for AEAD alone; what a client adds never goes without integrity. */
export function espNamesWith<N extends EspNames>(names: N, clients: readonly ClientName[]): N {
  if (clients.length === 0) return names;
  const rows = rowsOf(clients);
  const own = names.authAlgorithms.filter((name) => name !== 'null');
  return {
    ...names,
    encAlgorithms: union(names.encAlgorithms, ...rows.map(({ esp }) => esp.encAlgorithms)),
    authAlgorithms: union(own, ...rows.map(({ esp }) => esp.authAlgorithms)),
  };
}

/**
 * The key exchanges with which we ask for the replacement of a child, one after the other while the
 * peer says NO_PROPOSAL_CHOSEN; undefined is none. The clients go first: some end the connection
 * over a request that they do not know.
 */
export const groupsToAsk = (
  pfsGroup: string | undefined,
  clients: readonly ClientName[],
): (string | undefined)[] =>
  union(
    rowsOf(clients).map((row) => row.pfsGroup),
    [pfsGroup],
  );

/** Those a peer may ask with. Where none will do, so does any that the profile has. */
export function groupsToTake(
  pfsGroup: string | undefined,
  clients: readonly ClientName[],
  profile: IkeNames,
): (string | undefined)[] {
  const groups = union(
    [pfsGroup],
    rowsOf(clients).map((row) => row.pfsGroup),
  );
  return groups.includes(undefined) ? union(groups, profile.dhGroup) : groups;
}
