// Names and causes of the counters, one row per column of src/contract/drops.ts. The first 25 are
// RouterOS's words; `statistics print`, docs/operating.md and the tests read this one list.
import * as drops from '../contract/drops.js';

interface CounterEntry {
  readonly name: string;
  /** Column of the shared memory's counters. */
  readonly column: number;
  /** What raises it in this gateway. */
  readonly cause: string;
  /** What to do about it; empty: nothing. */
  readonly remedy: string;
}

export const COUNTERS = [
  {
    name: 'in-errors',
    column: drops.IN_ERRORS,
    cause: 'The TUN device or a socket failed: it is down, or refuses a decrypted packet.',
    remedy: 'Bring the device up; look at the log. Nothing else may use it.',
  },
  {
    name: 'in-buffer-errors',
    column: drops.IN_BUFFER_ERRORS,
    cause:
      'An inbound IKE message is longer than 10 KB, a packet has more headers than are kept, or the ' +
      'TUN takes no more.',
    remedy: 'Add workers (`tun` menu) or lower the load.',
  },
  {
    name: 'in-header-errors',
    column: drops.IN_HEADER_ERRORS,
    cause:
      'An outer, ESP or inner header is too short or has a wrong length, or the padding of ' +
      'an authentic packet is wrong.',
    remedy: 'A broken or hostile sender; capture the outer packets.',
  },
  {
    name: 'in-no-states',
    column: drops.IN_NO_STATES,
    cause: 'An ESP packet whose SPI no inbound SA has.',
    remedy:
      'Usual for a moment after a restart. If it grows, the peer still uses an SA we deleted: ' +
      '`active-peers kill-connections`.',
  },
  {
    name: 'in-state-protocol-errors',
    column: drops.IN_STATE_PROTOCOL_ERRORS,
    cause: 'The integrity check failed, or the ciphertext is not whole blocks.',
    remedy:
      'Keys or algorithms differ, or packets are changed on the way. Compare `installed-sa ' +
      'print` on both ends.',
  },
  {
    name: 'in-state-mode-errors',
    column: drops.IN_STATE_MODE_ERRORS,
    cause:
      "An authentic packet does not carry what the SA's mode carries. Tunnel: no IP packet, " +
      'another family than it says, or ECN marks that RFC 6040 §4.2 forbids. Transport: a fragment.',
    remedy:
      'The peer uses another mode: set tunnel alike on both sides. With ECN: a device on the path ' +
      'changes marks.',
  },
  {
    name: 'in-state-sequence-errors',
    column: drops.IN_STATE_SEQUENCE_ERRORS,
    cause: 'A sequence number was seen before or is behind the replay window.',
    remedy: 'A few are reordering on the path; many are a replay or a duplicating network.',
  },
  {
    name: 'in-state-expired',
    column: drops.IN_STATE_EXPIRED,
    cause: 'A packet for an SA that is past its hard limit.',
    remedy: 'The rekey did not finish in time: look for IKE warnings in the log.',
  },
  {
    name: 'in-state-mismatches',
    column: drops.IN_STATE_MISMATCHES,
    cause:
      'A packet came UDP-encapsulated for a plain SA, or plain for an encapsulated one, or ' +
      'on the wrong address family.',
    remedy: "A device on the path changes the encapsulation, or the peer's NAT detection differs.",
  },
  {
    name: 'in-state-invalid',
    column: drops.IN_STATE_INVALID,
    cause: 'A packet for an SA that is being removed.',
    remedy: 'Usual for a moment during a change.',
  },
  {
    name: 'in-template-mismatches',
    column: drops.IN_TEMPLATE_MISMATCHES,
    cause:
      "An authentic inner packet lies outside the SA's traffic selectors, or a packet that an " +
      'encrypt policy holds came in the clear.',
    remedy:
      'The peer sends more through the tunnel than was negotiated, or past it: compare the ' +
      'policies of both ends; capture on the outer interface.',
  },
  {
    name: 'in-no-policies',
    column: drops.IN_NO_POLICIES,
    cause: 'An authentic inner packet matches no encrypt policy in the inward direction.',
    remedy: 'Add the policy, or correct its addresses.',
  },
  {
    name: 'in-policy-blocked',
    column: drops.IN_POLICY_BLOCKED,
    cause: 'A packet, decrypted or plain, matches a policy with action=discard.',
    remedy: 'Change the policy if it is not intended: the peer sends what it forbids.',
  },
  {
    name: 'in-policy-errors',
    column: drops.IN_POLICY_ERRORS,
    cause:
      'A decrypted later fragment came without its first, which alone shows ports, and the ' +
      'policies it may belong to differ or have ports.',
    remedy: 'Use policies without ports, or avoid fragments: leave mss-clamp on.',
  },
  {
    name: 'out-errors',
    column: drops.OUT_ERRORS,
    cause: 'The kernel refused to send: no route to the peer, a firewall, a full buffer.',
    remedy: 'Check the route and the interface to the peer.',
  },
  {
    name: 'out-bundle-errors',
    column: drops.OUT_BUNDLE_ERRORS,
    cause:
      'The outer packet could not be built: no slot is free, or the packet would become too ' +
      'many fragments.',
    remedy: 'Add workers or lower the load; lower the mtu of `tun`.',
  },
  {
    name: 'out-bundle-check-errors',
    column: drops.OUT_BUNDLE_CHECK_ERRORS,
    cause:
      'The inner packet does not fit the path and may not be fragmented; an ICMP message ' +
      'says so to its sender.',
    remedy: 'Nothing if senders adapt. Otherwise lower the mtu of `tun`, and leave mss-clamp on.',
  },
  {
    name: 'out-no-states',
    column: drops.OUT_NO_STATES,
    cause:
      'An encrypt policy matched and has no SA: negotiation failed, or took longer than packets ' +
      'wait for it, or more came than may wait (8 for each policy and worker).',
    remedy: 'If it grows, the log says why the negotiation fails.',
  },
  {
    name: 'out-state-protocol-errors',
    column: drops.OUT_STATE_PROTOCOL_ERRORS,
    cause:
      'The key is worn out: a cipher with 64-bit blocks (des, 3des, blowfish) has encrypted 4 GiB ' +
      'and no new SA came.',
    remedy: 'The rekey begins at 1 GiB: look for IKE warnings in the log. Use aes-gcm.',
  },
  {
    name: 'out-state-mode-errors',
    column: drops.OUT_STATE_MODE_ERRORS,
    cause:
      "An SA in transport mode, and the packet is not from our end of it to the peer's, or has a " +
      'header with options behind a NAT; or a fragment whose datagram did not become whole, since ' +
      'others of it are missing, overlap or contradict it.',
    remedy: 'Set tunnel=yes in the policy: transport mode joins two hosts, not networks.',
  },
  {
    name: 'out-state-sequence-errors',
    column: drops.OUT_STATE_SEQUENCE_ERRORS,
    cause: "The SA's sequence numbers are used up.",
    remedy: 'The rekey did not finish in time: look for IKE warnings; allow esn (`proposal` menu).',
  },
  {
    name: 'out-state-expired',
    column: drops.OUT_STATE_EXPIRED,
    cause: "The policy's SA is past its hard limit.",
    remedy: 'The rekey did not finish in time: look for IKE warnings in the log.',
  },
  {
    name: 'out-policy-blocked',
    column: drops.OUT_POLICY_BLOCKED,
    cause: 'The packet matched a policy with action=discard.',
    remedy: 'Intended; change the policy if not.',
  },
  {
    name: 'out-policy-dead',
    column: drops.OUT_POLICY_DEAD,
    cause: 'The packet matched a policy whose SA is being removed at this moment.',
    remedy: 'Usual for a moment during a change.',
  },
  {
    name: 'out-policy-errors',
    column: drops.OUT_POLICY_ERRORS,
    cause:
      'A packet from the TUN device is no whole IP packet, or is a later fragment without its ' +
      'first, which alone shows ports, where the policies differ.',
    remedy: 'Use policies without ports, or capture on the TUN device.',
  },
  {
    name: 'in-packets',
    column: drops.IN_PACKETS,
    cause: 'Packets decrypted and delivered.',
    remedy: '',
  },
  {
    name: 'in-bytes',
    column: drops.IN_BYTES,
    cause: 'Inner bytes decrypted and delivered.',
    remedy: '',
  },
  {
    name: 'out-packets',
    column: drops.OUT_PACKETS,
    cause: 'Packets encrypted and sent.',
    remedy: '',
  },
  {
    name: 'out-bytes',
    column: drops.OUT_BYTES,
    cause: 'Inner bytes encrypted and sent.',
    remedy: '',
  },
  {
    name: 'bypassed',
    column: drops.BYPASSED,
    cause:
      'Packets sent in the clear because a policy says so: action=none, or level=use ' +
      'without an SA.',
    remedy: 'Check the policies if you expected none.',
  },
  {
    name: 'keepalives',
    column: drops.KEEPALIVES,
    cause: 'NAT keepalives received (RFC 3948 §2.3).',
    remedy: '',
  },
  {
    name: 'too-big-sent',
    column: drops.TOO_BIG_SENT,
    cause: 'ICMP "fragmentation needed" and ICMPv6 "packet too big" sent to inner senders.',
    remedy: 'Lower the mtu of `tun` if it keeps growing.',
  },
  {
    name: 'fragmented',
    column: drops.FRAGMENTED,
    cause: 'Inner packets cut before encryption, because they may be fragmented.',
    remedy: 'Lower the mtu of `tun` to avoid the cost.',
  },
  {
    name: 'mail-lost',
    column: drops.MAIL_LOST,
    cause: 'Messages to the control plane lost: the ring full, or half full of first messages.',
    remedy: 'They will be repeated; lower the load, or look who floods the IKE ports.',
  },
  {
    name: 'dummies',
    column: drops.DUMMIES,
    cause: 'Dummy packets received and dropped (RFC 4303 §2.6).',
    remedy: '',
  },
  {
    name: 'outer-fragmented',
    column: drops.OUTER_FRAGMENTED,
    cause:
      'ESP and AH packets sent in fragments: the path carries less, and the inner packet cannot be ' +
      'made smaller.',
    remedy:
      'A few follow every change of path. If it grows, the path carries less than IPv6 needs inside a ' +
      'tunnel, or a policy has ports: lower the mtu of the senders.',
  },
  {
    name: 'held',
    column: drops.HELD,
    cause:
      'Packets that waited while their SA was negotiated. They leave with it; those that waited in ' +
      'vain are counted by out-no-states.',
    remedy: '',
  },
  {
    name: 'early',
    column: drops.EARLY,
    cause:
      'Packets of a peer that came before its answer that makes their SA, and waited for it. Those that ' +
      'waited in vain are counted by in-no-states too.',
    remedy: '',
  },
  {
    name: 'ike-unknown',
    column: drops.IKE_UNKNOWN,
    cause:
      'IKE messages under an SPI that no IKE SA of ours has, beyond a few a second that are looked at.',
    remedy: 'Usual for a moment after a restart with many peers. Many are forged.',
  },
  {
    name: 'segmented',
    column: drops.SEGMENTED,
    cause: 'Packets cut out of super-packets that the kernel handed over whole (`tun` `offload`).',
    remedy: '',
  },
  {
    name: 'coalesced',
    column: drops.COALESCED,
    cause: 'Packets that the kernel got as part of a super-packet with those before them.',
    remedy: '',
  },
  {
    name: 'cookies',
    column: drops.COOKIES,
    cause:
      'First messages of IKE that were answered with a cookie, because as many IKE SAs as ' +
      '`ddos-cookie-threshold` says were half-open.',
    remedy:
      'Nothing: honest clients call again with it. If it grows fast, the IKE ports are flooded.',
  },
  {
    name: 'strangers-refused',
    column: drops.STRANGERS_REFUSED,
    cause: 'Messages to the IKE ports that cannot be a first message, while cookies are asked for.',
    remedy: 'Look who floods the IKE ports.',
  },
  {
    name: 'reassembled',
    column: drops.REASSEMBLED,
    cause:
      'Datagrams that this host had cut and that were put together again: transport mode protects ' +
      'them whole.',
    remedy: 'Raise the mtu of `tun` to avoid the cost.',
  },
] as const satisfies readonly CounterEntry[];

export type CounterName = (typeof COUNTERS)[number]['name'];
