// Counters, one list: a column of COUNTERS each. The first 25 are RouterOS's statistics in its order
// (spec/routeros-ipsec.txt, "statistics"; Linux's xfrm_stat); the rest are our own.
export const IN_ERRORS = 0;
export const IN_BUFFER_ERRORS = 1;
export const IN_HEADER_ERRORS = 2;
export const IN_NO_STATES = 3;
export const IN_STATE_PROTOCOL_ERRORS = 4;
export const IN_STATE_MODE_ERRORS = 5;
export const IN_STATE_SEQUENCE_ERRORS = 6;
export const IN_STATE_EXPIRED = 7;
export const IN_STATE_MISMATCHES = 8;
export const IN_STATE_INVALID = 9;
export const IN_TEMPLATE_MISMATCHES = 10;
export const IN_NO_POLICIES = 11;
export const IN_POLICY_BLOCKED = 12;
export const IN_POLICY_ERRORS = 13;
export const OUT_ERRORS = 14;
export const OUT_BUNDLE_ERRORS = 15;
export const OUT_BUNDLE_CHECK_ERRORS = 16;
export const OUT_NO_STATES = 17;
export const OUT_STATE_PROTOCOL_ERRORS = 18;
export const OUT_STATE_MODE_ERRORS = 19;
export const OUT_STATE_SEQUENCE_ERRORS = 20;
export const OUT_STATE_EXPIRED = 21;
export const OUT_POLICY_BLOCKED = 22;
export const OUT_POLICY_DEAD = 23;
export const OUT_POLICY_ERRORS = 24;
export const ROUTEROS_COUNTERS = 25;

// Ours.
export const IN_PACKETS = 32;
export const IN_BYTES = 33;
export const OUT_PACKETS = 34;
export const OUT_BYTES = 35;
export const BYPASSED = 36; // sent in the clear because a policy says so
export const KEEPALIVES = 37; // RFC 3948 §2.3, one byte 0xff
export const TOO_BIG_SENT = 38; // ICMP fragmentation needed or packet too big
export const FRAGMENTED = 39; // inner packets cut before encryption
export const MAIL_LOST = 40; // the ring to main was full, for first messages of IKE half full
export const DUMMIES = 41; // next header 59, RFC 4303 §2.6
export const OUTER_FRAGMENTED = 42; // ESP packets that left in fragments: the path is too narrow
export const HELD = 43; // packets that waited for their policy's SA
export const SEGMENTED = 48; // packets cut out of super-packets from the TUN
export const COALESCED = 49; // packets that joined one before them on their way to the TUN
export const COOKIES = 50; // first messages of IKE answered with a cookie
export const STRANGERS_REFUSED = 51; // what cannot be a first message of IKE, while cookies are asked for
export const REASSEMBLED = 52; // datagrams of this host put together, since transport mode has them whole
