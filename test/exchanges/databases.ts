// The configuration of the two sites of an exchange test, east and west, as the daemon would hand it
// to the engine.
import { parseAddress, parsePrefix, type Address } from '../../src/policy/address.js';
import type {
  Databases,
  Identity,
  Peer,
  Policy,
  SharedKeyIdentity,
  Template,
  User,
} from '../../src/policy/database.js';
import type { CertificateStore } from '../../src/certificates/store.js';
import type { Profile, Proposal } from '../../src/policy/database.js';

export const address = (text: string): Address => parseAddress(text)!;
export const EAST = address('192.0.2.1');
export const WEST = address('192.0.2.2');

/** Ten hours and two: nothing expires unless a test makes it. */
export const PROFILE: Profile = {
  name: 'default',
  dhGroup: ['x25519'],
  encAlgorithm: ['aes-128-gcm'],
  hashAlgorithm: ['sha256'],
  lifetime: 36_000,
  natTraversal: true,
  dpdInterval: undefined,
  dpdMaximumFailures: 4,
  fragmentSize: 1280,
  proposalCheck: 'obey',
};
export const PROPOSAL: Proposal = {
  name: 'default',
  encAlgorithms: ['aes-128-gcm'],
  authAlgorithms: ['null'],
  lifetime: 7200,
  lifebytes: 0,
  pfsGroup: undefined,
  esn: 'no',
  replayWindow: 1024,
};

export interface SiteOptions {
  readonly profile?: Partial<Profile>;
  readonly proposal?: Partial<Proposal>;
  readonly peer?: Partial<Peer>;
  readonly identity?: Partial<SharedKeyIdentity>;
  /** Instead of the one with the secret: other methods, several of them. */
  readonly identities?: (shared: Pick<Identity, 'peer' | 'myId' | 'remoteId'>) => Identity[];
  readonly users?: readonly User[];
  /** Its menu certificate; empty unless given. */
  readonly certificates?: CertificateStore;
  /** Policies between the sites; each has networks of its own. */
  readonly policies?: number;
  readonly templates?: readonly Template[];
  /** Changes to all of them, or to each. */
  readonly policy?: Partial<Policy>;
  readonly eachPolicy?: (policy: Policy, side: 'east' | 'west') => Policy;
}

const prefix = (text: string) => parsePrefix(text)!;

/** East's configuration; west's is the mirror image. */
export function databases(side: 'east' | 'west', options: SiteOptions = {}): Databases {
  const other = side === 'east' ? 'west' : 'east';
  const peer: Peer = {
    name: other,
    address: { address: side === 'east' ? WEST : EAST, bits: 32 },
    localAddress: side === 'east' ? EAST : WEST,
    port: 500,
    exchangeMode: 'ike2',
    passive: side === 'west',
    profile: { ...PROFILE, ...options.profile },
    sendInitialContact: true,
    udpEncapsulation: false,
    mobike: false,
    childless: 'allow',
    compatibleWith: [],
    ...options.peer,
  };
  const identity: SharedKeyIdentity = {
    peer: other,
    authMethod: 'pre-shared-key',
    secret: new TextEncoder().encode('a secret of the tests'),
    myId: { kind: 'fqdn', text: `${side}.example` },
    remoteId: { kind: 'fqdn', text: `${other}.example` },
    ...options.identity,
  };
  const { myId, remoteId } = identity;
  const identities = options.identities?.({ peer: other, myId, remoteId }) ?? [identity];
  const nets = { east: 18, west: 19 };
  const policies = Array.from(
    { length: options.policies ?? 1 },
    (_, id): Policy => ({
      id,
      place: id,
      comment: '',
      action: 'encrypt',
      src: prefix(`198.${nets[side]}.${id}.0/24`),
      dst: prefix(`198.${nets[other]}.${id}.0/24`),
      srcPort: undefined,
      dstPort: undefined,
      protocol: 0,
      level: 'require',
      tunnel: true,
      protection: 'esp',
      peer: other,
      proposal: { ...PROPOSAL, ...options.proposal },
      ...options.policy,
    }),
  ).map((policy) => options.eachPolicy?.(policy, side) ?? policy);
  const users = options.users ?? [];
  const templates = options.templates ?? [];
  return { peers: [peer], identities, users, policies, templates, pools: [] };
}
