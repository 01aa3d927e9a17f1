// The numbers of RFC 7296 that the data plane looks at or writes; those of the control plane, which reads
// whole messages, are in src/wire.
// §3.1
export const HEADER: i32 = 28;
export const SPI_RESPONDER: usize = 8;
export const NEXT_PAYLOAD: usize = 16;
export const VERSION_AT: usize = 17;
export const EXCHANGE: usize = 18;
export const FLAGS: usize = 19;
export const VERSION: u8 = 0x20;
export const IKE_SA_INIT: u8 = 34;
export const INITIATOR: u8 = 0x08;
export const RESPONSE: u8 = 0x20;
// §3.2
export const SA: i32 = 33;
export const KE: i32 = 34;
export const NONCE: i32 = 40;
export const NOTIFY: i32 = 41;
// §3.9
export const LEAST_NONCE: i32 = 16;
export const MOST_NONCE: i32 = 256;
// §3.10
export const NOTIFY_DATA: i32 = 8;
export const COOKIE: u16 = 16390;
// §2.23
export const IKE_PORT: u16 = 500;
export const NAT_PORT: u16 = 4500;
