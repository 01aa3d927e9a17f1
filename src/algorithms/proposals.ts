// Configured names -> transform proposals -> what two sides agree on; the only selection logic.
//   1 ikeProposals, espProposals, ahProposals   what we offer and allow, AEAD apart from the rest
//   2 selectProposal               one of ours and one of theirs that share a transform of each type
//   3 ikeSuite, espSuite, ahSuite           the chosen transforms as rows of the registry
// As responder our order of preference decides, not the initiator's: the operator of this gateway
// wrote it down, and RFC 7296 §2.7 leaves the choice to the responder.
import {
  ENCRYPTION,
  type EncryptionRow,
  profileEncryption,
  proposalEncryption,
} from './encryption.js';
import { GROUP, type GroupRow, profileGroup } from './group.js';
import { INTEGRITY, type IntegrityRow, profileIntegrity, proposalIntegrity } from './integrity.js';
import { PRF, type PrfRow, profilePrf } from './prf.js';
import {
  type AlgorithmRow,
  ESN_YES,
  PROTOCOL_AH,
  PROTOCOL_ESP,
  PROTOCOL_IKE,
  type Transform,
  type TransformProposal,
  TRANSFORM_ENCRYPTION,
  TRANSFORM_ESN,
  TRANSFORM_GROUP,
  TRANSFORM_INTEGRITY,
  TRANSFORM_NONE,
  TRANSFORM_PRF,
} from './transform.js';

/** The algorithms of a profile, as `Profile` of src/policy spells them. */
export interface IkeNames {
  readonly dhGroup: readonly string[];
  readonly encAlgorithm: readonly string[];
  readonly hashAlgorithm: readonly string[];
  /** The pseudo-random function, where it is not that of hashAlgorithm. */
  readonly prfAlgorithm?: string | undefined;
}

/** The algorithms of a proposal, as `Proposal` of src/policy spells them. */
export interface EspNames {
  readonly encAlgorithms: readonly string[];
  readonly authAlgorithms: readonly string[];
  readonly pfsGroup: string | undefined;
  readonly esn: 'yes' | 'no' | 'require';
}

export interface IkeSuite {
  readonly encryption: EncryptionRow;
  readonly integrity: IntegrityRow;
  readonly prf: PrfRow;
  readonly group: GroupRow;
}

/** Of an ESP SA, or of an AH SA: then encryption is `null`. */
export interface EspSuite {
  readonly protection: 'esp' | 'ah';
  readonly encryption: EncryptionRow;
  readonly integrity: IntegrityRow;
  /** undefined: no key exchange of its own. */
  readonly group: GroupRow | undefined;
  readonly esn: boolean;
}

// ---- 1 what we offer ---------------------------------------------------------------------------

function rows<Row>(names: readonly string[], lookup: (name: string) => Row | undefined): Row[] {
  return names.map((name) => {
    const row = lookup(name);
    if (!row) throw new RangeError(`no algorithm is called ${name} here`);
    return row;
  });
}

function transforms(type: number, from: readonly AlgorithmRow[]): Transform[] {
  return from.map((row) => ({ type, id: row.ikev2, keyBits: (row as EncryptionRow).keyBits }));
}

/** RFC 7296 §3.3: an AEAD goes without integrity, so the two kinds cannot share a proposal. */
function inKinds(
  all: readonly EncryptionRow[],
  build: (part: EncryptionRow[], aead: boolean) => TransformProposal,
): TransformProposal[] {
  const kinds = [...new Set(all.map((row) => row.aead))];
  return kinds.map((aead) =>
    build(
      all.filter((row) => row.aead === aead),
      aead,
    ),
  );
}

/** The IKE proposals of a profile, in the order its encryption algorithms name the kinds. */
export function ikeProposals(names: IkeNames): TransformProposal[] {
  const functions = names.prfAlgorithm ? [names.prfAlgorithm] : names.hashAlgorithm;
  const prf = transforms(TRANSFORM_PRF, rows(functions, profilePrf));
  const integrity = transforms(TRANSFORM_INTEGRITY, rows(names.hashAlgorithm, profileIntegrity));
  const group = transforms(TRANSFORM_GROUP, rows(names.dhGroup, profileGroup));
  return inKinds(rows(names.encAlgorithm, profileEncryption), (part, aead) => ({
    protocol: PROTOCOL_IKE,
    transforms: [
      ...transforms(TRANSFORM_ENCRYPTION, part),
      ...prf,
      ...(aead ? [] : integrity),
      ...group,
    ],
  }));
}

/**
 * The ESP proposals of a proposal. The first child's keys come from the IKE SA's own agreement, so
 * IKE_AUTH names no group (RFC 7296 §1.2); `groups` are for CREATE_CHILD_SA, an empty list is none.
 */
export function espProposals(
  names: EspNames,
  groups: readonly (string | undefined)[],
): TransformProposal[] {
  const integrity = transforms(TRANSFORM_INTEGRITY, rows(names.authAlgorithms, proposalIntegrity));
  return inKinds(rows(names.encAlgorithms, proposalEncryption), (part, aead) => ({
    protocol: PROTOCOL_ESP,
    transforms: [
      ...transforms(TRANSFORM_ENCRYPTION, part),
      ...(aead ? [] : integrity),
      ...groupsAndEsn(names, groups),
    ],
  }));
}

/** The same for AH (RFC 7296 §3.3.3): integrity alone, and never none. */
export function ahProposals(
  names: EspNames,
  groups: readonly (string | undefined)[],
): TransformProposal[] {
  const keyed = rows(names.authAlgorithms, proposalIntegrity).filter((row) => row.keyBytes > 0);
  const integrity = transforms(TRANSFORM_INTEGRITY, keyed);
  return [{ protocol: PROTOCOL_AH, transforms: [...integrity, ...groupsAndEsn(names, groups)] }];
}

function groupsAndEsn(names: EspNames, groups: readonly (string | undefined)[]): Transform[] {
  const esn = { yes: [ESN_YES, TRANSFORM_NONE], no: [TRANSFORM_NONE], require: [ESN_YES] };
  return [
    ...groups.map((name) => ({
      type: TRANSFORM_GROUP,
      id: name === undefined ? TRANSFORM_NONE : rows([name], profileGroup)[0]!.ikev2,
    })),
    ...esn[names.esn].map((id) => ({ type: TRANSFORM_ESN, id })),
  ];
}

// ---- 2 selection -------------------------------------------------------------------------------

export interface Selection {
  /** Index into the peer's list. */
  readonly index: number;
  readonly transforms: readonly Transform[];
}

export const sameTransform = (a: Transform, b: Transform): boolean =>
  a.type === b.type && a.id === b.id && (a.keyBits ?? 0) === (b.keyBits ?? 0);

/** What a proposal says of one type: absent is NONE (RFC 7296 §3.3.3; ESN some peers leave out). */
export function choices(proposal: TransformProposal, type: number): Transform[] {
  const named = proposal.transforms.filter((transform) => transform.type === type);
  return named.length > 0 ? named : [{ type, id: TRANSFORM_NONE }];
}

/**
 * The first of ours that some of theirs shares, type by type; undefined if there is none. Where several
 * share it, as with Windows, which offers every cipher apart and 3DES first, the one that our order
 * likes best; of equals their first, whose group they have guessed.
 */
export function selectProposal(
  ours: readonly TransformProposal[],
  theirs: readonly TransformProposal[],
): Selection | undefined {
  for (const allowed of ours) {
    const found = theirs.flatMap((offered, index): Selection[] => {
      const chosen = match(allowed, offered);
      return chosen ? [{ index, transforms: chosen }] : [];
    });
    const [best] = found.sort((a, b) => compareRanks(ranks(allowed, a), ranks(allowed, b)));
    if (best) return best;
  }
  return undefined;
}

/** How far down our order what was chosen stands: encryption, then function, then integrity. */
const ranks = (allowed: TransformProposal, { transforms }: Selection): number[] =>
  [TRANSFORM_ENCRYPTION, TRANSFORM_PRF, TRANSFORM_INTEGRITY].map((type) => {
    const chosen = transforms.find((one) => one.type === type);
    return chosen ? choices(allowed, type).findIndex((one) => sameTransform(one, chosen)) : 0;
  });

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((rank, index) => rank !== b[index]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

/** One transform of each type; types that end up absent or NONE on both sides are left out. */
function match(allowed: TransformProposal, offered: TransformProposal): Transform[] | undefined {
  if (allowed.protocol !== offered.protocol) return undefined;
  const types = [...allowed.transforms, ...offered.transforms].map(({ type }) => type);
  const chosen: Transform[] = [];
  for (const type of [...new Set(types)].sort((a, b) => a - b)) {
    const theirs = choices(offered, type);
    const common = choices(allowed, type).find((one) => theirs.some((o) => sameTransform(one, o)));
    if (!common) return undefined;
    // NONE is said only where the peer said it (RFC 7296 §3.3.6: what is accepted was offered).
    if (offered.transforms.some((transform) => sameTransform(transform, common)))
      chosen.push(common);
  }
  return chosen;
}

/** Initiator: whether the responder's answer is a part of what we offered, one of each type. */
export function isSelectionOf(
  offered: readonly TransformProposal[],
  answer: TransformProposal,
): boolean {
  const types = answer.transforms.map(({ type }) => type);
  if (new Set(types).size !== types.length) return false;
  return offered.some((proposal) => match(proposal, answer) !== undefined);
}

// ---- 3 as rows ---------------------------------------------------------------------------------

function rowOf<Row extends AlgorithmRow>(
  table: readonly Row[],
  type: number,
  chosen: readonly Transform[],
): Row | undefined {
  const transform = chosen.find((candidate) => candidate.type === type);
  return table.find(
    (row) =>
      row.ikev2 === (transform?.id ?? TRANSFORM_NONE) &&
      (row as unknown as EncryptionRow).keyBits === transform?.keyBits,
  );
}

/** The rows of chosen IKE transforms; undefined where a number is in no table. */
export function ikeSuite(chosen: readonly Transform[]): IkeSuite | undefined {
  const encryption = rowOf(ENCRYPTION, TRANSFORM_ENCRYPTION, chosen);
  const integrity = rowOf(INTEGRITY, TRANSFORM_INTEGRITY, chosen);
  const prf = rowOf(PRF, TRANSFORM_PRF, chosen);
  const group = rowOf(GROUP, TRANSFORM_GROUP, chosen);
  if (!encryption || !integrity || !prf || !group) return undefined;
  if (!encryption.aead && integrity.openssl === undefined) return undefined;
  return { encryption, integrity, prf, group };
}

export function espSuite(chosen: readonly Transform[]): EspSuite | undefined {
  const encryption = rowOf(ENCRYPTION, TRANSFORM_ENCRYPTION, chosen);
  const integrity = rowOf(INTEGRITY, TRANSFORM_INTEGRITY, chosen);
  if (!encryption || !integrity) return undefined;
  // Neither encrypted nor protected: RFC 4303 §3.2.2 forbids the pair.
  if (encryption.keyBytes === 0 && integrity.keyBytes === 0) return undefined;
  const group = rowOf(GROUP, TRANSFORM_GROUP, chosen);
  return { protection: 'esp', encryption, integrity, group, esn: hasEsn(chosen) };
}

export function ahSuite(chosen: readonly Transform[]): EspSuite | undefined {
  const encryption = ENCRYPTION.find(({ name }) => name === 'null');
  const integrity = rowOf(INTEGRITY, TRANSFORM_INTEGRITY, chosen);
  if (!encryption || !integrity || integrity.keyBytes === 0) return undefined;
  const group = rowOf(GROUP, TRANSFORM_GROUP, chosen);
  return { protection: 'ah', encryption, integrity, group, esn: hasEsn(chosen) };
}

const hasEsn = (chosen: readonly Transform[]): boolean =>
  chosen.some(({ type, id }) => type === TRANSFORM_ESN && id === ESN_YES);
