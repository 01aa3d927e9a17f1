// Numbers of Linux's sockets that the data plane reads and writes in control messages: linux/socket.h,
// linux/in.h, linux/in6.h, linux/udp.h.
export const AF_INET: u16 = 2;
export const AF_INET6: u16 = 10;
export const SOL_IP: i32 = 0;
export const SOL_UDP: i32 = 17;
export const SOL_IPV6: i32 = 41;
export const IP_TOS: i32 = 1;
export const IP_PKTINFO: i32 = 8;
export const IPV6_PKTINFO: i32 = 50;
export const IPV6_TCLASS: i32 = 67;
export const UDP_SEGMENT: i32 = 103;
export const UDP_GRO: i32 = 104;
export const UDP_MAX_SEGMENTS: i32 = 64; // later kernels take 128
