// Key agreement groups, one row each (RFC 8247 §2.4). IKEv1 and IKEv2 share their numbers.
import { type AlgorithmRow, find, namesOf, rowNamed, type Status } from './transform.js';

export type GroupKind = 'modp' | 'ecp' | 'ec2n' | 'x25519';

export interface GroupRow extends AlgorithmRow {
  readonly kind: GroupKind;
  /** RFC 2409 appendix A, group description. */
  readonly ikev1: number | undefined;
  /** OpenSSL's name of the group or curve. */
  readonly openssl: string;
  /** Length of the KE payload's data. */
  readonly publicBytes: number;
  /** Length of the shared secret that enters the PRF. */
  readonly secretBytes: number;
  /** Whether one agreement takes milliseconds: work for a thread of its own. */
  readonly slow: boolean;
}

function modp(
  bits: number,
  number: number,
  openssl: string,
  rfc: string,
  status: Status,
): GroupRow {
  const name = `modp${bits}`;
  const bytes = bits / 8;
  return {
    name,
    profile: name,
    proposal: name,
    kind: 'modp',
    ikev1: number,
    ikev2: number,
    openssl,
    publicBytes: bytes,
    secretBytes: bytes,
    slow: bits >= 3072,
    rfc,
    status,
  };
}

/** KE data is x || y, the secret is x (RFC 5903 §7). */
function ecp(bits: number, number: number, openssl: string, status: Status): GroupRow {
  const name = `ecp${bits}`;
  const bytes = Math.ceil(bits / 8);
  return {
    name,
    profile: name,
    proposal: name,
    kind: 'ecp',
    ikev1: number,
    ikev2: number,
    openssl,
    publicBytes: 2 * bytes,
    secretBytes: bytes,
    slow: false,
    rfc: 'RFC 5903',
    status,
  };
}

/**
 * KE data and secret are x alone (RFC 2409 §6.3, §6.4). IKEv2's registry marks 3 and 4 reserved; we
 * use IKEv1's numbers, so that they work between two gateways of ours and RouterOS's.
 */
function ec2n(bits: number, number: number, openssl: string, bytes: number): GroupRow {
  const name = `ec2n${bits}`;
  return {
    name,
    profile: name,
    proposal: name,
    kind: 'ec2n',
    ikev1: number,
    ikev2: number,
    openssl,
    publicBytes: bytes,
    secretBytes: bytes,
    slow: false,
    rfc: 'RFC 2409 §6',
    status: 'off',
  };
}

export const GROUP: readonly GroupRow[] = [
  {
    name: 'x25519',
    profile: 'x25519',
    proposal: 'x25519',
    kind: 'x25519',
    ikev1: undefined,
    ikev2: 31,
    openssl: 'x25519',
    publicBytes: 32,
    secretBytes: 32,
    slow: false,
    rfc: 'RFC 8031',
    status: 'should',
  },
  ecp(256, 19, 'prime256v1', 'should'),
  ecp(384, 20, 'secp384r1', 'should'),
  ecp(521, 21, 'secp521r1', 'should'),
  ec2n(155, 3, 'Oakley-EC2N-3', 20),
  ec2n(185, 4, 'Oakley-EC2N-4', 24),
  modp(8192, 18, 'modp18', 'RFC 3526', 'should'),
  modp(6144, 17, 'modp17', 'RFC 3526', 'should'),
  modp(4096, 16, 'modp16', 'RFC 3526', 'should'),
  modp(3072, 15, 'modp15', 'RFC 3526', 'should'),
  modp(2048, 14, 'modp14', 'RFC 3526', 'must'),
  modp(1536, 5, 'modp5', 'RFC 3526', 'legacy'),
  modp(1024, 2, 'modp2', 'RFC 2409 §6.2', 'off'),
  modp(768, 1, 'modp1', 'RFC 2409 §6.1', 'off'),
];

export const profileGroup = (name: string): GroupRow | undefined => find(GROUP, 'profile', name);
export const groupNamed = (name: string): GroupRow => rowNamed(GROUP, name);
export const groupNumbered = (number: number): GroupRow | undefined =>
  GROUP.find((row) => row.ikev2 === number);
export const GROUP_NAMES: readonly string[] = namesOf(GROUP, 'profile');
