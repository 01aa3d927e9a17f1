// The configured databases as values: peers and identities (PAD, RFC 4301 §4.4.3), policies (SPD,
// §4.4.1), and the profiles and proposals they name. Property names are RouterOS's in camelCase;
// algorithm names are RouterOS's own spelling, rows of src/algorithms.
import type { Address, Prefix } from './address.js';
import type { TrafficSelector } from './selector.js';

/** An identity as IKE carries it (RFC 7296 §3.5); `auto` is decided at negotiation. */
export type Identification =
  | { readonly kind: 'auto' }
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'fqdn'; readonly text: string }
  | { readonly kind: 'user-fqdn'; readonly text: string }
  | { readonly kind: 'key-id'; readonly data: Uint8Array }
  /** The subject of the certificate. */
  | { readonly kind: 'dn' };

export interface Profile {
  readonly name: string;
  readonly dhGroup: readonly string[];
  readonly encAlgorithm: readonly string[];
  readonly hashAlgorithm: readonly string[];
  /** undefined is `auto`: that of hashAlgorithm. */
  readonly prfAlgorithm?: string | undefined;
  /** Seconds. */
  readonly lifetime: number;
  readonly natTraversal: boolean;
  /** Seconds; undefined is `disable-dpd`. */
  readonly dpdInterval: number | undefined;
  readonly dpdMaximumFailures: number;
  /** Bytes of the largest IP packet that an encrypted IKE message makes (RFC 7383). */
  readonly fragmentSize: number;
  readonly proposalCheck: 'claim' | 'exact' | 'obey' | 'strict';
}

export interface Proposal {
  readonly name: string;
  readonly encAlgorithms: readonly string[];
  readonly authAlgorithms: readonly string[];
  /** Seconds. */
  readonly lifetime: number;
  /** Inner bytes, 0: no limit (ours; RouterOS has only `lifebytes` on the profile). */
  readonly lifebytes: number;
  /** undefined is `none`. */
  readonly pfsGroup: string | undefined;
  /** Ours: whether 64-bit sequence numbers are offered (`yes`), refused (`no`) or insisted on. */
  readonly esn: 'yes' | 'no' | 'require';
  /** Ours: packets. */
  readonly replayWindow: number;
}

export interface Peer {
  readonly name: string;
  readonly address: Prefix;
  readonly localAddress: Address | undefined;
  readonly port: number;
  readonly exchangeMode: 'ike2';
  readonly passive: boolean;
  readonly profile: Profile;
  readonly sendInitialContact: boolean;
  /** Claims a NAT towards this peer, so that both sides put ESP into UDP. */
  readonly udpEncapsulation: boolean;
  /** Whether the IKE SA may follow a change of address (RFC 4555). */
  readonly mobike: boolean;
  /** IKE SAs without a child (RFC 6023): what is accepted, and what an initiator asks for. */
  readonly childless: 'allow' | 'prefer' | 'force' | 'never';
  /** Whose algorithms are added to those of the proposals (`compatible-with`); the profile has them. */
  readonly compatibleWith: readonly ('windows' | 'apple' | 'android' | 'routeros')[];
  /** Its address is one that its DNS name has, and there may be others. */
  readonly named?: boolean;
}

/** Which policies a peer may have that nobody wrote. */
export interface GeneratePolicy {
  /** Whether a made policy keeps the ports the peer proposes. */
  readonly ports: 'port-override' | 'port-strict';
  /** Group of the templates; undefined: `none`, so that nothing is made. */
  readonly group: string | undefined;
  /** The chain that gets rules to leave packets of made policies untracked. */
  readonly notrackChain: string | undefined;
}

/** Addresses for road warriors. */
export interface Pool {
  readonly name: string;
  readonly ranges: readonly { readonly start: Address; readonly end: Address }[];
  /** The pool that serves when this one is exhausted. */
  readonly next: string | undefined;
}

/** What a responder gives a road warrior (menu mode-config, responder=yes). */
export interface GivenConfig {
  readonly role: 'responder';
  readonly name: string;
  /** One address, or a pool of them; neither: no address. */
  readonly address: Address | undefined;
  readonly pool: string | undefined;
  /** Of IPv4 addresses; undefined: not said. */
  readonly prefixLength: number | undefined;
  /** Empty: everything. */
  readonly splitInclude: readonly Prefix[];
  readonly splitDns: readonly string[];
  readonly dns: readonly Address[] | 'system';
}

/** Of a connection (nft: `ct mark and MASK == VALUE`). */
export interface ConnectionMark {
  readonly value: number;
  readonly mask: number;
}

/** What an initiator does with what it is given (responder=no). */
export interface AskedConfig {
  readonly role: 'initiator';
  readonly name: string;
  readonly dns: 'yes' | 'no' | 'exclusively';
  /** The file that gets the DNS servers; undefined: resolvconf(8) gets them. */
  readonly resolvConf: string | undefined;
  /** Sources that are translated to the address given; undefined: none. */
  readonly sources: readonly Prefix[] | undefined;
  /** Connections that are, of those sources where both are set. */
  readonly mark: ConnectionMark | undefined;
}

export type ModeConfig = GivenConfig | AskedConfig;

/** What every method has: whom the entry is for, and who each side says it is. */
interface AnyIdentity {
  readonly peer: string;
  readonly myId: Identification;
  readonly remoteId: Identification | { readonly kind: 'ignore' };
  /** undefined: `generate-policy=no`. */
  readonly generatePolicy?: GeneratePolicy | undefined;
  readonly modeConfig?: ModeConfig | undefined;
}

export interface SharedKeyIdentity extends AnyIdentity {
  readonly authMethod: 'pre-shared-key';
  readonly secret: Uint8Array;
}

/** What we sign with. */
interface OwnSignature {
  /** Names in the menu certificate: ours, then its chain. */
  readonly certificate: readonly string[];
  /** Ours: of an RSA key's signatures. */
  readonly rsaPadding: 'pkcs1' | 'pss';
}

export interface SignatureIdentity extends AnyIdentity, OwnSignature {
  readonly authMethod: 'digital-signature';
  /** The one certificate the peer may show; undefined: any of a trusted CA. */
  readonly remoteCertificate: string | undefined;
  readonly matchBy: 'remote-id' | 'certificate';
}

/** We call and prove ourselves by EAP; the peer by its certificate. */
export interface EapIdentity extends AnyIdentity {
  readonly authMethod: 'eap';
  readonly eapMethods: readonly string[];
  readonly username: string;
  readonly password: string;
  /** Ours: how eap-ttls proves the password inside. */
  readonly ttlsInner: 'mschapv2' | 'pap' | 'eap-mschapv2';
  /** Ours: said to the EAP server in the clear instead of the user name; empty: the user name. */
  readonly outerIdentity: string;
  /** Ours: of which the EAP server's certificate must hold one; empty: see eap-methods.ts. */
  readonly serverNames: readonly string[];
  readonly certificate: readonly string[];
  readonly remoteCertificate: string | undefined;
}

/** Our own users (menu user) call us and prove themselves by EAP; we by certificate, if there is one. */
export interface EapLocalIdentity extends AnyIdentity, OwnSignature {
  readonly authMethod: 'eap-local';
  readonly eapMethods: readonly string[];
}

/** A RADIUS server decides about who calls us; we prove ourselves by certificate, if there is one. */
export interface EapRadiusIdentity extends AnyIdentity, OwnSignature {
  readonly authMethod: 'eap-radius';
}

export type Identity =
  | SharedKeyIdentity
  | SignatureIdentity
  | EapIdentity
  | EapLocalIdentity
  | EapRadiusIdentity;
export type AuthMethodName = Identity['authMethod'];

/** An entry of the menu certificate: files on this host. */
export interface CertificateEntry {
  readonly name: string;
  readonly file: string;
  readonly keyFile: string | undefined;
  readonly crlFile: string | undefined;
  /** Where others find the certificate, over HTTP. */
  readonly url: string | undefined;
  /** A CA that may vouch for peers. */
  readonly trusted: boolean;
  readonly comment: string;
}

/** How many the data plane has room for; equals the contract's (test/config/capacity.test.ts). */
export const MAX_POLICIES = 16384;
/** The same for policies made from templates. */
export const MAX_DYNAMIC = 16384;
/** Ids of made policies begin here, behind those of any that were written. */
export const FIRST_DYNAMIC = 2 ** 30;

export interface Policy {
  /** Unique among all policies this process ever had; the contract's POLICY_ID. */
  readonly id: number;
  /** Place in the configuration's list, from 0. */
  readonly place: number;
  readonly comment: string;
  readonly action: 'encrypt' | 'discard' | 'none';
  readonly src: Prefix;
  readonly dst: Prefix;
  /** undefined: any. */
  readonly srcPort: number | undefined;
  readonly dstPort: number | undefined;
  /** IP protocol number, 0: all. */
  readonly protocol: number;
  readonly level: 'require' | 'unique' | 'use';
  readonly tunnel: boolean;
  readonly protection: 'esp' | 'ah';
  /** The one it belongs to, as long as that one works; undefined: none, or of a template any. */
  readonly peer: string | undefined;
  /** Who takes its place, in this order. */
  readonly backups?: readonly string[];
  readonly proposal: Proposal;
}

/** The preferred one first. */
export const peersOf = ({ peer, backups = [] }: Policy): readonly string[] =>
  peer === undefined ? [] : [peer, ...backups];

/** Who may log in by EAP where we decide ourselves. */
export interface User {
  readonly name: string;
  /** Empty: not by password. */
  readonly password: string;
  /** Its certificate, by its name in the menu; undefined: any that is trusted and has the user's name. */
  readonly certificate: string | undefined;
  /** What mode-config gives it, instead of one of a pool. */
  readonly address: Address | undefined;
}

/** A pattern for policies: never matched by packets, its made policies stand in its place. */
export interface Template extends Policy {
  readonly group: string;
}

export interface Selectors {
  readonly local: readonly TrafficSelector[];
  readonly remote: readonly TrafficSelector[];
}

/** A policy made from a template for what a peer negotiated; it goes with its last SA. */
export interface DynamicPolicy extends Policy {
  /** Id of its template, and of those of all policies of its owner: one, or one of each family. */
  readonly template: number;
  readonly templates: readonly number[];
  /** Id of the first policy made with it: the SAs of that one serve all of them. */
  readonly owner: number;
  readonly notrackChain: string | undefined;
  /** Made with port-override: its SAs carry every port, whatever was agreed. */
  readonly allPorts: boolean;
  /** What was agreed on the wire, for all policies of one owner together. */
  readonly agreed: Selectors;
  /** What of it the policies are for: other ports with port-override, fewer networks with split-include. */
  readonly served: Selectors;
}

export const isDynamic = (policy: Policy): policy is DynamicPolicy => policy.id >= FIRST_DYNAMIC;

/** Enabled entries only, references resolved; what the daemon runs on. */
export interface Databases {
  readonly peers: readonly Peer[];
  readonly identities: readonly Identity[];
  readonly users: readonly User[];
  /** In matching order. */
  readonly policies: readonly Policy[];
  /** In matching order; `place` says where among the policies. */
  readonly templates: readonly Template[];
  readonly pools: readonly Pool[];
}
