// The one memory both planes share, byte by byte. All addresses are offsets into the shared
// WebAssembly.Memory. Integers from literals and earlier names only (+ * <<), since tsc and asc both
// compile this file; test/contract.test.ts holds every export to 0 … 2^31 - 1.
//
//   page 0       constant data that asc placed (S-boxes, round constants)
//   CONTROL      version, switches, the memory's absolute address
//   COUNTERS     one row of 64-bit counters per worker
//   SPI_TABLE    open hash: inbound SPI -> SA slot
//   POLICIES     two copies of the ordered policy table; CONTROL_POLICY_COPY says which is live
//   WORKERS      per worker: header, flow cache, message headers, receive and transmit slots, mail
//   SAS          SA records, 8 KiB each
//   CLASSIFIERS  beside each copy of POLICIES the decision trees that find the first match in it
//   DYNAMICS     policies made from templates, in a hash by destination
//   EXPECTED     inbound SPIs that we offered and have no SA for yet
//   IKE_SPIS     our SPIs of the IKE SAs that stand

export const LAYOUT_VERSION = 10;

// Our own choices of size.
export const MAX_WORKERS = 8; // rows 0 … 7; row 8 (CONTROL_ROW) is the main thread's own scratch
export const CONTROL_ROW = 8;
export const WORKER_ROWS = 9;
export const BATCH = 64; // reads of the TUN, or messages, per receive call
export const MAX_SAS = 32768;
export const MAX_POLICIES = 16384;
export const MAX_DYNAMIC = 16384;
export const MAX_EXPECTED = 4096;

// ---- control -----------------------------------------------------------------------------------
export const CONTROL_AT = 65536;
export const CONTROL_VERSION = 0; // u32 LAYOUT_VERSION
export const CONTROL_STOP = 4; // u32, 1: workers return
export const CONTROL_POLICY_COPY = 8; // u32, 0 or 1: the live copy of POLICIES
export const CONTROL_POLICY_COUNT = 12; // u32 x 2, entries per copy
// u32, raised at every change of policies: it empties the flow caches
export const CONTROL_POLICY_EPOCH = 20;
export const CONTROL_WORKERS = 24; // u32, how many workers run
export const CONTROL_BASE = 32; // u64, absolute address of the memory's first byte
// u32, 0: leave TCP SYNs alone; else the MTU of the TUN: the MSS is clamped to it and the SA's inner MTU
export const CONTROL_MSS_CLAMP = 40;
// u32, bytes of the virtio header before every packet read from and written to the TUN: 0 or 10
export const CONTROL_TUN_HEADER = 48;
export const CONTROL_TUN_USO = 52; // u32, 1: the TUN takes UDP super-packets
export const CONTROL_JOIN = 56; // u32, 1: UDP datagrams may share a message (UDP_SEGMENT)
// u32 each, a bit per class of prefix lengths that made policies have: which buckets to look into
export const CONTROL_DYNAMIC_4 = 60;
export const CONTROL_DYNAMIC_6 = 64;
// u32, 1: there are IKE SAs that IKE_SPIS has no room for, so it proves nothing
export const CONTROL_IKE_FULL = 68;
// Cookies for IKE's first messages (assembly/cookie.ts, src/dataplane/cookies.ts)
export const CONTROL_COOKIES = 72; // u32, 1: who brings none is answered with one
export const CONTROL_COOKIE_NEWEST = 76; // u32, which of both secrets bakes
export const COOKIE_VERSION = 0; // u32, the cookie's first byte
export const COOKIE_USABLE = 4; // u32, 1: the rest is written
export const COOKIE_STATE = 64; // HMAC-SHA-256's context, 192 bytes
export const COOKIE_SECRET = 256;
export const CONTROL_COOKIE_SECRETS = 256; // two of them
export const CONTROL_SIZE = 4096;

// ---- counters ----------------------------------------------------------------------------------
// Row = worker, column = index from drops.ts, one u64 each; each row has one writer.
export const COUNTERS_AT = CONTROL_AT + CONTROL_SIZE;
export const COUNTERS_ROW = 1024; // 128 counters
export const COUNTERS_SIZE = 12 * COUNTERS_ROW; // three rows to spare: what follows begins on a page

// ---- inbound SPI table -------------------------------------------------------------------------
// Entry: u32 SPI, u32 SA slot + 1 (0: empty; TOMBSTONE: deleted; SPI_EXPECTED + n: place n of EXPECTED).
// Linear probing.
export const SPI_TABLE_AT = COUNTERS_AT + COUNTERS_SIZE;
export const SPI_ENTRY = 8;
export const SPI_TABLE_ENTRIES = 65536;
export const SPI_TOMBSTONE = 0x7fffffff;
export const SPI_EXPECTED = 0x40000000;
export const SPI_TABLE_SIZE = SPI_TABLE_ENTRIES * SPI_ENTRY;

// ---- policies ----------------------------------------------------------------------------------
// Addresses are 16 bytes, big-endian; IPv4 as ::ffff:a.b.c.d. Ranges are inclusive.
export const POLICY_SRC_LOW = 0;
export const POLICY_SRC_HIGH = 16;
export const POLICY_DST_LOW = 32;
export const POLICY_DST_HIGH = 48;
export const POLICY_SRC_PORT_LOW = 64; // u16
export const POLICY_SRC_PORT_HIGH = 66;
export const POLICY_DST_PORT_LOW = 68;
export const POLICY_DST_PORT_HIGH = 70;
export const POLICY_PROTOCOL = 72; // u32, 256: any
export const POLICY_ACTION = 76; // u32
export const POLICY_LEVEL = 80; // u32
export const POLICY_ID = 84; // u32, the control plane's number for it
export const POLICY_SA = 88; // u32, first outbound SA slot + 1 of the chain, 0: none
export const POLICY_FAMILY = 92; // u32, 4 or 6
export const POLICY_ACQUIRE_AT = 96; // u64, ms: when the last acquire was raised (at most one a second)
// u32, raised at every change of the policy's chain of SAs: flows choose their SA again
export const POLICY_CHAIN = 108;
// u64 ms, when the control plane last gave up on an SA for it: packets that came before wait no longer
export const POLICY_UNMET_AT = 112;
// of policies made from templates, else 0
export const POLICY_OWNER = 120; // u32, policy id that its SAs carry
export const POLICY_TEMPLATE = 124; // u32, policy id of the template
export const POLICY_NEXT = 104; // u32, address of the next one in its bucket, 0: none
export const POLICY_SIZE = 128;
export const POLICIES_AT = SPI_TABLE_AT + SPI_TABLE_SIZE;
export const POLICIES_COPY = MAX_POLICIES * POLICY_SIZE;
export const POLICIES_SIZE = 2 * POLICIES_COPY;

// ---- a worker's own region ---------------------------------------------------------------------
// Linux structures on x86-64 and arm64: mmsghdr 64 bytes {name, namelen, iov, iovlen, control,
// controllen, flags, len}, iovec 16, sockaddr_in6 28.
export const MMSGHDR = 64;
export const MMSGHDR_NAME = 0;
export const MMSGHDR_NAMELEN = 8;
export const MMSGHDR_IOV = 16;
export const MMSGHDR_IOVLEN = 24;
export const MMSGHDR_CONTROL = 32;
export const MMSGHDR_CONTROLLEN = 40;
export const MMSGHDR_FLAGS = 48;
export const MMSGHDR_LEN = 56;
export const IOVEC = 16;
export const SOCKADDR = 32;
export const CMSG = 256; // room for PKTINFO and TOS of either family, and IPv6 extension headers
export const SLOT = 10304; // a 9,000-byte packet with every header; not a multiple of 4 KiB (cache sets)
// A packet stands at SLOT_HEADROOM of its slot and has at most RX_ROOM bytes when received: before it
// goes the block that makes a CBC IV, after it the ESP trailer.
export const SLOT_HEADROOM = 64;
export const SLOT_TAILROOM = 96;
export const RX_ROOM = 10144; // SLOT - SLOT_HEADROOM - SLOT_TAILROOM
// A super-packet: what one read of the TUN or one message of a UDP_GRO socket may bring.
export const SUPER_ROOM = 65536;
export const SUPER_SLOT = 65792; // with headroom and tailroom; not a multiple of 4 KiB
export const SUPER_BATCH = 32; // messages per receive call on a UDP_GRO socket

export const WORKERS_AT = POLICIES_AT + POLICIES_SIZE;
// header
// u32, odd while a batch is in work; tables.ts waits for it before it erases keys
export const WORKER_EPOCH = 0;
export const WORKER_BEAT = 8; // u64 ms, the last turn of the loop
export const WORKER_TUN_COUNT = 16; // u32, how many WORKER_TUN_LIST entries the last round left
// u32, a bit per port: the kernel lately refused UDP_SEGMENT there, so every packet is a message
export const WORKER_TX_PLAIN = 20;
export const WORKER_THREAD = 24; // u32, the kernel's id of its thread, 0 before it runs
export const WORKER_TX_COUNT = 32; // u32 x PORT_COUNT, messages to send per port
export const WORKER_MAIL_HEAD = 128; // u32, bytes ever written (mod 2^32), by the worker
export const WORKER_MAIL_TAIL = 132; // u32, bytes ever read, by main
export const WORKER_ICMP_AT = 144; // u64 ms, start of the interval that WORKER_ICMP_COUNT counts in
export const WORKER_ICMP_COUNT = 152; // u32, ICMP errors made in it
export const WORKER_ASSEMBLY_COUNT = 168; // u32, places of WORKER_ASSEMBLY that are not free
export const WORKER_STRAY_AT = 184; // u64 ms, start of the second that WORKER_STRAY_COUNT counts in
export const WORKER_STRAY_COUNT = 192; // u32, IKE messages under unknown SPIs that main was shown
export const WORKER_TX_VECTORS = 256; // u32 x PORT_COUNT, iovecs in use per port
export const WORKER_HEADER = 4096;
// flow cache: direct-mapped, 64 bytes an entry; the key is the outbound view of a packet
export const FLOW_SRC = 0; // 16 bytes
export const FLOW_DST = 16; // 16 bytes
export const FLOW_PORTS = 32; // u32, source port << 16 | destination port
export const FLOW_KIND = 36; // u32, protocol | family << 8 | later fragment << 16
export const FLOW_EPOCH = 40; // u32, CONTROL_POLICY_EPOCH + 1 when it was filled
export const FLOW_POLICY = 44; // u32, address of the policy, or NO_POLICY, or AMBIGUOUS
export const FLOW_SA = 48; // u32, address of the outbound SA, 0: not known
export const FLOW_CHAIN = 52; // u32, POLICY_CHAIN when FLOW_SA was chosen
export const FLOW_ENTRY = 64;
export const FLOW_ENTRIES = 4096;
export const WORKER_FLOWS = WORKER_HEADER;
// receive: a list of what came, either from the TUN, packed, or a message each, with name and control
export const RX_AT = 0; // u32, address of the first byte (behind the virtio header)
export const RX_LENGTH = 4; // u32, bytes; filled for TUN reads
export const RX_DONE = 8; // u32, bytes of it that earlier rounds of the batch have done
export const RX_HELD = 12; // u32, 1 + the place in WORKER_HELD that it waited in; 0: fresh
export const RX_ENTRY = 16;
export const WORKER_RX_LIST = WORKER_FLOWS + FLOW_ENTRIES * FLOW_ENTRY;
export const WORKER_RX_MMSG = WORKER_RX_LIST + BATCH * RX_ENTRY;
export const WORKER_RX_IOVEC = WORKER_RX_MMSG + BATCH * MMSGHDR;
export const WORKER_RX_NAME = WORKER_RX_IOVEC + BATCH * IOVEC;
export const WORKER_RX_CMSG = WORKER_RX_NAME + BATCH * SOCKADDR;
export const WORKER_RX_SLOTS = WORKER_RX_CMSG + BATCH * CMSG;
export const RX_AREA = BATCH * SUPER_SLOT;
// transmit: TX_SLOTS packets (a round's segments, fragments and the ICMP errors it provoked)
export const TX_SLOTS = 256;
export const WORKER_TX_MMSG = WORKER_RX_SLOTS + RX_AREA; // PORT_COUNT rows of TX_SLOTS
export const TX_ROWS = 11; // = PORT_COUNT
export const WORKER_TX_IOVEC = WORKER_TX_MMSG + TX_ROWS * TX_SLOTS * MMSGHDR;
export const WORKER_TX_CMSG = WORKER_TX_IOVEC + TX_ROWS * TX_SLOTS * IOVEC; // one per TX slot
export const WORKER_TX_NAME = WORKER_TX_CMSG + TX_SLOTS * CMSG; // one per TX slot
export const WORKER_TX_SLOTS = WORKER_TX_NAME + TX_SLOTS * SOCKADDR;
// writes to the TUN: {u32 address of the first iovec, u32 how many}, in order
export const WORKER_TUN_LIST = WORKER_TX_SLOTS + TX_SLOTS * SLOT;
export const WORKER_TUN_IOVEC = WORKER_TUN_LIST + TX_SLOTS * 8;
// packets for the TUN before they are joined, and the flows they belong to: ip/coalesce.ts
export const DELIVERY = 64;
export const FLOW_BUCKETS = 128;
export const WORKER_DELIVERIES = WORKER_TUN_IOVEC + TX_SLOTS * IOVEC;
export const WORKER_FLOW_BUCKETS = WORKER_DELIVERIES + TX_SLOTS * DELIVERY;
export const WORKER_JOBS = WORKER_FLOW_BUCKETS + FLOW_BUCKETS * 4; // ESP packets of the round in work
export const JOB_SIZE = 64;
export const WORKER_SCRATCH = WORKER_JOBS + TX_SLOTS * JOB_SIZE; // for the kernels
export const SCRATCH_SIZE = 65536;
// mail to main, a ring of bytes: records of {u32 total length, u32 kind, ...}, 8-byte aligned. A
// record never wraps: MAIL_PADDING fills the end of the ring where the next one does not fit.
export const WORKER_MAIL = WORKER_SCRATCH + SCRATCH_SIZE;
export const MAIL_SIZE = 262144;
// datagrams of which the first fragment was seen: assembly/fragments.ts
export const FRAGMENT_SRC = 0; // 16 bytes, as the view has it (outward)
export const FRAGMENT_DST = 16; // 16 bytes
export const FRAGMENT_AT = 32; // u64 ms, when the first came; 0: none
export const FRAGMENT_ID = 40; // u32
export const FRAGMENT_KIND = 44; // u32, protocol (IPv4) | IPv6 << 8 | direction << 9
export const FRAGMENT_PORTS = 48; // u32, source port << 16 | destination port
export const FRAGMENT_PROTOCOL = 52; // u16, of the upper layer
export const FRAGMENT_FIRST = 54; // u16, bytes of the datagram in the first
export const FRAGMENT_BYTES = 56; // u32, bytes of it that have passed
export const FRAGMENT_END = 60; // u32, where its last fragment ends; 0: not seen yet
export const FRAGMENT_ENTRY = 64;
export const FRAGMENT_WAYS = 8; // places that one datagram may be in
export const FRAGMENT_SETS = 64;
export const WORKER_FRAGMENTS = WORKER_MAIL + MAIL_SIZE;
export const FRAGMENTS_SIZE = FRAGMENT_SETS * FRAGMENT_WAYS * FRAGMENT_ENTRY;
// Packets that wait for an SA: assembly/waiting.ts. A room has two words, places, and a SLOT for each place.
export const WAITING_COUNT = 0; // u32, places that are not free
export const WAITING_EVER = 4; // u32, how many packets ever waited
export const WAITING_LIST = 64;
export const WAITING_AT = 0; // u64 ms, when it came
export const WAITING_STATE = 8; // u32
export const WAITING_LENGTH = 12; // i32, bytes
export const WAITING_WHOSE = 16; // u32, POLICY_ID or SPI
export const WAITING_ORDER = 20; // u32
export const WAITING_ENTRY = 352;
export const WAITING_PLACES = 64; // at most BATCH: all of them may be tried again at once
export const WAITING_SLOTS = WAITING_LIST + WAITING_PLACES * WAITING_ENTRY;
export const WAITING_ROOM = WAITING_SLOTS + WAITING_PLACES * SLOT;
// packets whose policy has no SA yet: assembly/held.ts
export const HELD_POLICY = 24; // u32, address of the policy in its copy
export const HELD_EPOCH = 28; // u32, CONTROL_POLICY_EPOCH + 1 then
export const HELD_CHAIN = 32; // u32, POLICY_CHAIN then
export const HELD_MOST = 8; // of one policy
export const WORKER_HELD = WORKER_FRAGMENTS + FRAGMENTS_SIZE;
// Datagrams of any size: what transport mode carries, beyond the packets that a SLOT holds. Before a
// packet goes what IPsec puts there, and its headers, which may grow; after it the ESP trailer.
export const LARGE_SLOT = 66112; // not a multiple of 4 KiB (cache sets)
export const LARGE_HEADROOM = 448;
export const LARGE_PLACES = 8; // a round may open as many
export const WORKER_LARGE = WORKER_HELD + WAITING_ROOM;
// datagrams of this host that are put together again: assembly/reassembly.ts
export const ASSEMBLY_SRC = 0; // 16 bytes
export const ASSEMBLY_DST = 16; // 16 bytes
export const ASSEMBLY_AT = 32; // u64 ms, when the first of its fragments came
export const ASSEMBLY_ID = 40; // u32
export const ASSEMBLY_KIND = 44; // u32, protocol (IPv4) | IPv6 << 8
export const ASSEMBLY_STATE = 48; // u32
export const ASSEMBLY_BYTES = 52; // i32, bytes of data that are there
export const ASSEMBLY_TOP = 56; // i32, where the fragment that reaches furthest ends
export const ASSEMBLY_END = 60; // i32, where the last ends; 0: not seen yet
export const ASSEMBLY_HEADER = 64; // i32, bytes of headers; 0: the first was not seen yet
export const ASSEMBLY_PIECES = 68; // u32, how many fragments are there
export const ASSEMBLY_ENTRY = 128;
export const ASSEMBLY_PLACES = 16;
export const ASSEMBLY_MAP = 1024; // bytes: a bit for each 8 bytes of data that are there
export const WORKER_ASSEMBLY = WORKER_LARGE + LARGE_PLACES * LARGE_SLOT;
export const WORKER_ASSEMBLY_MAPS = WORKER_ASSEMBLY + ASSEMBLY_PLACES * ASSEMBLY_ENTRY;
export const WORKER_ASSEMBLY_SLOTS = WORKER_ASSEMBLY_MAPS + ASSEMBLY_PLACES * ASSEMBLY_MAP; // LARGE_SLOT
// inbound packets whose SA is expected: assembly/early.ts
export const EARLY_PORT = 24; // i32, PORT_*
export const EARLY_NAMELEN = 28; // u32
export const EARLY_CONTROLLEN = 32; // u32
export const EARLY_FLAGS = 36; // u32, of the message
export const EARLY_NAME = 64; // SOCKADDR bytes
export const EARLY_CONTROL = 96; // CMSG bytes
export const EARLY_MOST = 32; // of one SPI
export const WORKER_EARLY = WORKER_ASSEMBLY_SLOTS + ASSEMBLY_PLACES * LARGE_SLOT;
export const WORKER_END = WORKER_EARLY + WAITING_ROOM;
export const WORKER_SIZE = 11534336;
export const WORKERS_SIZE = WORKER_ROWS * WORKER_SIZE;

// ---- mail records ------------------------------------------------------------------------------
export const MAIL_LENGTH = 0; // u32, whole record, a multiple of 8
export const MAIL_TYPE = 4; // u32, MAIL_*
export const MAIL_HEADER = 8;
// MAIL_IKE: u32 port row, u32 bytes, local and remote address (16 each), u16 local port, u16 remote
// port, u32 0, then the message without its non-ESP marker
export const MAIL_IKE_PORT = 8;
export const MAIL_IKE_BYTES = 12;
export const MAIL_IKE_LOCAL = 16;
export const MAIL_IKE_REMOTE = 32;
export const MAIL_IKE_LOCAL_PORT = 48;
export const MAIL_IKE_REMOTE_PORT = 50;
export const MAIL_IKE_BODY = 56;
// MAIL_ACQUIRE: u32 policy id, u32 protocol, addresses, ports of the packet
export const MAIL_ACQUIRE_POLICY = 8;
export const MAIL_ACQUIRE_PROTOCOL = 12;
export const MAIL_ACQUIRE_SRC = 16;
export const MAIL_ACQUIRE_DST = 32;
export const MAIL_ACQUIRE_SRC_PORT = 48;
export const MAIL_ACQUIRE_DST_PORT = 50;
export const MAIL_ACQUIRE_SIZE = 56;
// MAIL_SOFT_EXPIRE, MAIL_HARD_EXPIRE, MAIL_FIRST_USE: u32 SA slot, u32 SPI. MAIL_MOVED adds the address
// (16) and port (u16) the packet came from.
export const MAIL_SA_SLOT = 8;
export const MAIL_SA_SPI = 12;
export const MAIL_SA_REMOTE = 16;
export const MAIL_SA_REMOTE_PORT = 32;
export const MAIL_SA_SIZE = 40;

// ---- SA records --------------------------------------------------------------------------------
export const SAS_AT = WORKERS_AT + WORKERS_SIZE;
export const SA_SIZE = 8192;
// what every packet reads
export const SA_STATE = 0; // u32
export const SA_FLAGS = 4; // u32
export const SA_SPI = 8; // u32, the number as a big-endian reader sees it
export const SA_CIPHER = 12; // u32 CIPHER_*
export const SA_MAC = 16; // u32 MAC_*
export const SA_KEY_BYTES = 20; // u32, cipher key without salt
export const SA_IV_BYTES = 24; // u32, on the wire
export const SA_BLOCK_BYTES = 28; // u32, padding alignment, at least 4
export const SA_ICV_BYTES = 32; // u32, on the wire
export const SA_SLOT = 36; // u32, this record's index
export const SA_SEQ = 40; // u64 atomic: last number sent (outbound), highest authenticated (inbound)
export const SA_BYTES = 48; // u64 atomic, inner bytes
export const SA_PACKETS = 56; // u64 atomic
export const SA_SOFT_BYTES = 64; // u64, 0: none
export const SA_HARD_BYTES = 72; // u64, 0: none
export const SA_SOFT_SEQ = 80; // u64: ask for a rekey at this number
export const SA_USED_AT = 88; // u64 ms, last packet
export const SA_INVALID = 96; // u64 atomic, packets with a bad ICV
export const SA_REPLAY_WINDOW = 104; // u32, packets (32 … 8192)
export const SA_POLICY = 108; // u32, policy id
export const SA_NEXT = 112; // u32, next outbound SA slot + 1 of the same policy
export const SA_PATH_MTU = 116; // u32, outer packet size the path carries
export const SA_LOCAL = 120; // 16 bytes, outer addresses
export const SA_REMOTE = 136; // 16 bytes
export const SA_LOCAL_PORT = 152; // u16
export const SA_REMOTE_PORT = 154; // u16
export const SA_SELECTOR_COUNT = 156; // u32
export const SA_SALT = 160; // 16 bytes: 4 of GCM or ChaCha20 salt
export const SA_NAMELEN = 176; // u32
export const SA_CMSGLEN = 180; // u32
export const SA_INNER_MTU = 184; // u32, largest inner packet whose outer packet fits SA_PATH_MTU
export const SA_NAME = 192; // sockaddr of the peer, 32 bytes
export const SA_CMSG = 224; // PKTINFO control message with our address, 64 bytes
export const SA_MOVED_AT = 288; // u64 ms, when MAIL_MOVED was last raised (at most one a second)
// u32, added to TCP and UDP checksums behind a NAT: the addresses' sum here less that at the sender
export const SA_CHECKSUM_FIX = 296;
// A bundle, AH around ESP (assembly/bundle.ts): u32, slot + 1 of the AH that goes around (outbound ESP)
// or of the ESP that must be inside (inbound AH); 0: alone
export const SA_BUNDLE = 300;
export const SA_BUNDLE_BYTES = 304; // u32, ESP: bytes of the AH around it
// What most SAs need stands in the first 4 KiB, so that the second half of their record stays untouched
// and takes no memory: a small replay window, two selectors, AES-128-GCM's key context.
export const SA_NEAR_WINDOW = 312; // NEAR_WORDS words as in SA_WINDOW, for windows of NEAR_MOST or less
export const NEAR_WORDS = 8;
export const NEAR_MOST = 224; // (NEAR_WORDS - 1) * 32
// selectors: {local low, local high, remote low, remote high: 16 each; local ports low/high, remote
// ports low/high: u16 each; protocol u32, 256 any; family u32, 4 or 6}: SELECTOR_SIZE bytes each
export const SA_SELECTORS = 376; // the first NEAR_SELECTORS, the others at SA_MORE_SELECTORS
export const SELECTOR_LOCAL_LOW = 0;
export const SELECTOR_LOCAL_HIGH = 16;
export const SELECTOR_REMOTE_LOW = 32;
export const SELECTOR_REMOTE_HIGH = 48;
export const SELECTOR_LOCAL_PORT_LOW = 64;
export const SELECTOR_LOCAL_PORT_HIGH = 66;
export const SELECTOR_REMOTE_PORT_LOW = 68;
export const SELECTOR_REMOTE_PORT_HIGH = 70;
export const SELECTOR_PROTOCOL = 72;
export const SELECTOR_FAMILY = 76;
export const SELECTOR_SIZE = 80;
export const MAX_SELECTORS = 16;
export const NEAR_SELECTORS = 2;
export const SA_KEY = 544; // the cipher kernel's key context
export const SA_KEY_SIZE = 4256; // AES-256 bit planes 1920 + GHASH 2048; Blowfish 4168, Twofish 4256
export const SA_NEAR = 4096; // where the second half begins
export const SA_MAC_KEY = SA_KEY + SA_KEY_SIZE; // HMAC inner and outer state
export const SA_MAC_KEY_SIZE = 192;
export const SA_MORE_SELECTORS = SA_MAC_KEY + SA_MAC_KEY_SIZE; // all but the first NEAR_SELECTORS
// u64 words {tag << 32 | bits}: one compare-and-swap clears and sets, so no two threads race
export const SA_WINDOW = SA_MORE_SELECTORS + 14 * SELECTOR_SIZE;
export const WINDOW_WORDS = 257; // serves a window of 8192
export const SAS_SIZE = MAX_SAS * SA_SIZE;

// ---- classifiers -------------------------------------------------------------------------------
// Made by src/dataplane/classifier.ts, read by assembly/classifier.ts. A reference is a u32 address
// of this memory or an index: 0: nothing; NODE: a multiple of 4; address of a LIST | REF_LIST: u16
// policy indices in order, LIST_END last; index << 2 | REF_POLICY: one policy.
export const CLASSIFIER_ROOTS = 0; // u32 references: IPv4, IPv6; then both for later fragments
export const CLASSIFIER_LATER = 8;
export const CLASSIFIER_HEADER = 64;
export const REF_LIST = 1;
export const REF_POLICY = 2;
export const REF_KIND = 3;
export const LIST_END = 65535;
// A node cuts one field of the key: BELOW has what ends below the threshold, ABOVE what begins at it
// or above; what spans it is in both, or in neither and in ACROSS.
export const NODE_THRESHOLD = 0; // u64 high, u64 low
export const NODE_BELOW = 16; // u32 reference
export const NODE_ABOVE = 20; // u32 reference
export const NODE_ACROSS = 24; // u32 reference
export const NODE_LEAST = 28; // u16, the lowest index in ACROSS
export const NODE_FIELD = 30; // u16, offset of the field in the key: KEY_*
export const NODE_SIZE = 32;
// The key: u64 high, u64 low each.
export const KEY_SRC = 0;
export const KEY_DST = 16;
export const KEY_SRC_PORT = 32;
export const KEY_DST_PORT = 48;
export const KEY_PROTOCOL = 64;
export const KEY_SIZE = 80;
/** No path from a root is longer, in nodes: what a lookup puts off is bounded by it. */
export const CLASSIFIER_DEPTH = 96;
/** Places in leaves per policy and tree: how often cuts may copy it, on average. */
export const CLASSIFIER_PLACES = 4;
/** Bytes per place, the worst case: a node, a list's index, a list's end and its alignment. */
export const CLASSIFIER_PLACE = 40;
/** A policy stands in the tree of its family and in that for later fragments. */
export const CLASSIFIER_COPY =
  CLASSIFIER_HEADER + MAX_POLICIES * 2 * CLASSIFIER_PLACES * CLASSIFIER_PLACE;
export const CLASSIFIERS_AT = SAS_AT + SAS_SIZE;
export const CLASSIFIERS_SIZE = 2 * CLASSIFIER_COPY;

// ---- dynamics ----------------------------------------------------------------------------------
// Policies made from templates come and go with their SAs, so that each costs the same however many
// there are: records like those of POLICIES, chained by a hash of template and destination. The bits of
// a destination prefix are rounded down to its class: 8 apart in IPv4, 16 in IPv6.
export const DYNAMIC_BUCKETS = 32768; // u32 each: address of the first record, 0: none
export const DYNAMIC_HEADS = CLASSIFIERS_AT + CLASSIFIERS_SIZE;
export const DYNAMIC_RECORDS = DYNAMIC_HEADS + DYNAMIC_BUCKETS * 4;
export const DYNAMICS_END = DYNAMIC_RECORDS + MAX_DYNAMIC * POLICY_SIZE;

// ---- expected ----------------------------------------------------------------------------------
// The address an SA's packets may come from before it is there, 16 bytes as above. The SPI table says
// which place is whose.
export const EXPECTED_AT = DYNAMICS_END;
export const EXPECTED_ENTRY = 16;

// ---- IKE SPIs ----------------------------------------------------------------------------------
// Open hash, linear probing from the SPI's own first bytes: ours are random. Entry: u64, the 8 bytes of
// the SPI as they are on the wire; 0: empty; all ones: deleted.
export const IKE_SPIS_AT = EXPECTED_AT + MAX_EXPECTED * EXPECTED_ENTRY;
export const IKE_SPI = 8;
export const IKE_SPI_ENTRIES = 65536;
export const MAX_IKE_SPIS = 32768; // beyond, CONTROL_IKE_FULL
export const LAYOUT_END = IKE_SPIS_AT + IKE_SPI_ENTRIES * IKE_SPI;
