// Proposals as an operator reads them: RouterOS's names joined by slashes, and why two sides found
// nothing in common.
import { ENCRYPTION } from './encryption.js';
import { GROUP } from './group.js';
import { INTEGRITY } from './integrity.js';
import { PRF } from './prf.js';
import { choices, type EspSuite, type IkeSuite, sameTransform } from './proposals.js';
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

const PROTOCOL_NAMES: Readonly<Record<number, string>> = {
  [PROTOCOL_IKE]: 'IKE',
  [PROTOCOL_AH]: 'AH',
  [PROTOCOL_ESP]: 'ESP',
};

interface Kind {
  readonly type: number;
  readonly rows: readonly (AlgorithmRow & { readonly keyBits?: number | undefined })[];
  readonly words: string;
  /** The property that allows it, in profile and in proposal. */
  readonly profile: string;
  readonly proposal: string;
}

const KINDS: readonly Kind[] = [
  {
    type: TRANSFORM_ENCRYPTION,
    rows: ENCRYPTION,
    words: 'encryption',
    profile: 'enc-algorithm',
    proposal: 'enc-algorithms',
  },
  {
    type: TRANSFORM_INTEGRITY,
    rows: INTEGRITY,
    words: 'integrity',
    profile: 'hash-algorithm',
    proposal: 'auth-algorithms',
  },
  {
    type: TRANSFORM_PRF,
    rows: PRF,
    words: 'pseudorandom function',
    profile: 'hash-algorithm, prf-algorithm',
    proposal: 'hash-algorithm',
  },
  {
    type: TRANSFORM_GROUP,
    rows: GROUP,
    words: 'key exchange group',
    profile: 'dh-group',
    proposal: 'pfs-group',
  },
  { type: TRANSFORM_ESN, rows: [], words: 'sequence number size', profile: 'esn', proposal: 'esn' },
];

/** `aes-256-cbc`, or the bare numbers where no table knows it. */
function describeTransform({ type, id, keyBits }: Transform): string {
  if (type === TRANSFORM_ESN) return id === ESN_YES ? 'esn' : 'no-esn';
  if (id === TRANSFORM_NONE && type !== TRANSFORM_INTEGRITY) return 'none';
  const row = KINDS.find((kind) => kind.type === type)?.rows.find(
    (candidate) => candidate.ikev2 === id && candidate.keyBits === keyBits,
  );
  return row?.name ?? `unknown(${type}:${id}${keyBits === undefined ? '' : `:${keyBits}`})`;
}

/** `aes-256-cbc,aes-128-cbc/sha256/modp2048`: per type what is offered; a PRF like its hash once. */
function describeProposal(proposal: TransformProposal): string {
  const listed = (type: number): string =>
    proposal.transforms
      .filter((transform) => transform.type === type)
      .map(describeTransform)
      .join(',');
  const parts = KINDS.map(({ type }) => listed(type));
  if (parts[1] === parts[2]) parts[2] = '';
  return parts.filter((part) => part !== '' && part !== 'no-esn').join('/');
}

/** All proposals, `;` between them: `describe([...])`. */
export const describe = (proposals: readonly TransformProposal[]): string =>
  proposals.map(describeProposal).join(' ; ');

/** The suite in use: `aes-256-gcm/sha256/ecp256`. */
export function describeSuite(suite: IkeSuite | EspSuite): string {
  const { encryption, integrity, group } = suite;
  const names = ['protection' in suite && suite.protection === 'ah' ? 'ah' : encryption.name];
  if (!encryption.aead) names.push(integrity.name);
  if ('prf' in suite && (encryption.aead || suite.prf.name !== integrity.name)) {
    names.push(suite.prf.name);
  }
  if (group) names.push(group.name);
  if ('esn' in suite && suite.esn) names.push('esn');
  return names.join('/');
}

/**
 * Why nothing was selected: from the pair of proposals that came closest, each type without a common
 * transform, what each side has there, and the property to change.
 */
export function explainMismatch(
  ours: readonly TransformProposal[],
  theirs: readonly TransformProposal[],
): string {
  if (theirs.length === 0) return 'the peer offers no proposal at all';
  const alike = theirs.filter(({ protocol }) => ours.some((own) => own.protocol === protocol));
  if (alike.length === 0) {
    const names = [...new Set(theirs.map(({ protocol }) => PROTOCOL_NAMES[protocol] ?? protocol))];
    return `the peer offers ${names.join(' and ')} only (ipsec-protocols)`;
  }
  const pairs = ours.flatMap((allowed) => alike.map((offered) => differences(allowed, offered)));
  const closest = pairs.sort((a, b) => a.length - b.length)[0] ?? [];
  if (closest.length === 0) return 'the peer offers nothing for this protocol';
  return closest.join('; ');
}

function differences(allowed: TransformProposal, offered: TransformProposal): string[] {
  const menu = allowed.protocol === PROTOCOL_IKE ? 'profile' : 'proposal';
  return KINDS.flatMap((kind) => {
    const mine = choices(allowed, kind.type);
    const other = choices(offered, kind.type);
    if (mine.some((one) => other.some((o) => sameTransform(one, o)))) return [];
    const list = (from: readonly Transform[]): string => from.map(describeTransform).join(', ');
    return [
      `no common ${kind.words}: peer offers ${list(other)}; we allow ${list(mine)} (${kind[menu]})`,
    ];
  });
}
