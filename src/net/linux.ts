// Linux's numbers, each under the header it comes from (include/uapi and asm-generic). They hold on
// x86-64 and arm64; nothing else in the tree writes one of them.

// fcntl.h
export const O_RDONLY = 0;
export const O_RDWR = 2;
export const O_NONBLOCK = 0x800;
export const O_CLOEXEC = 0x80000;

// poll.h
export const POLLIN = 1;
export const POLLOUT = 4;
export const POLLFD_BYTES = 8;

// sys/eventfd.h, sched.h
export const EFD_NONBLOCK = 0x800;
export const EFD_CLOEXEC = 0x80000;
export const CLONE_NEWNET = 0x40000000;

// errno-base.h, errno.h: those that code branches on
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const EIO = 5;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENETDOWN = 100;
export const ENODEV = 19;
export const EINVAL = 22;
export const EBADFD = 77;
export const ENOTSOCK = 88;
export const EMSGSIZE = 90;
export const ENOBUFS = 105;
export const EADDRNOTAVAIL = 99;

// linux/if_tun.h, linux/if.h
export const TUNSETIFF = 0x400454ca;
export const TUNSETOFFLOAD = 0x400454d0;
export const TUN_F_CSUM = 0x01;
export const TUN_F_TSO4 = 0x02;
export const TUN_F_TSO6 = 0x04;
export const TUN_F_USO4 = 0x20;
export const TUN_F_USO6 = 0x40;
export const IFF_TUN = 0x0001;
export const IFF_MULTI_QUEUE = 0x0100;
export const IFF_NO_PI = 0x1000;
export const IFF_VNET_HDR = 0x4000;
export const VNET_HEADER = 10; // struct virtio_net_hdr
export const IFF_UP = 1;
export const IFF_LOWER_UP = 0x10000;
export const IFNAMSIZ = 16;
export const IFREQ_BYTES = 40;

// sys/socket.h
export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;
export const MSG_PEEK = 2;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;

// asm-generic/socket.h
export const SOL_SOCKET = 1;
export const SO_ATTACH_FILTER = 26;
export const SO_ATTACH_REUSEPORT_CBPF = 51;

// linux/in.h, linux/in6.h
export const IPPROTO_ICMP = 1;
export const IPPROTO_IPIP = 4;
export const IPPROTO_UDP = 17;
export const IPPROTO_IPV6 = 41;
export const IPPROTO_ESP = 50;
export const IPPROTO_AH = 51;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_RAW = 255;
export const SOL_IP = 0;
export const IP_PKTINFO = 8;
export const IP_PMTUDISC_WANT = 1;
export const IP_PMTUDISC_DO = 2;
export const IP_PMTUDISC_PROBE = 3;
export const SOL_IPV6 = 41;
export const IPV6_PKTINFO = 50;

// asm-generic/socket.h, linux/in.h, linux/in6.h, linux/netlink.h: options as [level, number]
export const SOCKET_OPTIONS = {
  SO_SNDBUF: [SOL_SOCKET, 7],
  SO_RCVBUF: [SOL_SOCKET, 8],
  SO_NO_CHECK: [SOL_SOCKET, 11],
  SO_REUSEPORT: [SOL_SOCKET, 15],
  SO_SNDBUFFORCE: [SOL_SOCKET, 32],
  SO_RCVBUFFORCE: [SOL_SOCKET, 33],
  SO_TIMESTAMPNS: [SOL_SOCKET, 35],
  SO_MARK: [SOL_SOCKET, 36],
  IP_PKTINFO: [SOL_IP, IP_PKTINFO],
  IP_MTU_DISCOVER: [SOL_IP, 10],
  IP_RECVTOS: [SOL_IP, 13],
  IPV6_MTU_DISCOVER: [SOL_IPV6, 23],
  IPV6_V6ONLY: [SOL_IPV6, 26],
  IPV6_HDRINCL: [SOL_IPV6, 36],
  IPV6_RECVPKTINFO: [SOL_IPV6, 49],
  IPV6_RECVHOPOPTS: [SOL_IPV6, 53],
  IPV6_RECVRTHDR: [SOL_IPV6, 56],
  IPV6_RECVDSTOPTS: [SOL_IPV6, 58],
  IPV6_RECVERR: [SOL_IPV6, 25],
  IPV6_DONTFRAG: [SOL_IPV6, 62],
  IPV6_RECVTCLASS: [SOL_IPV6, 66],
  UDP_GRO: [IPPROTO_UDP, 104],
  NETLINK_EXT_ACK: [270, 11],
  NETLINK_GET_STRICT_CHK: [270, 12],
} as const;

// linux/filter.h, linux/bpf_common.h: classic BPF
export const BPF_LD_W_ABS = 0x20;
export const BPF_LD_B_ABS = 0x30;
export const BPF_LD_W_IND = 0x40;
export const BPF_LDX_B_MSH = 0xb1;
export const BPF_ALU_AND_K = 0x54;
export const BPF_ALU_MOD_K = 0x94;
export const BPF_ALU_RSH_K = 0x74;
export const BPF_JMP_JEQ_K = 0x15;
export const BPF_RET_K = 0x06;
export const BPF_RET_A = 0x16;
export const BPF_INSTRUCTION_BYTES = 8;

// linux/if_ether.h, linux/if_packet.h
export const ETH_P_ALL = 3;

// linux/netlink.h
export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;
export const NLMSG_HEADER = 16;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
export const NLM_F_DUMP = 0x300;
export const NLMSGERR_ATTR_MSG = 1;
export const NLA_F_NESTED = 0x8000;
export const NLA_TYPE_MASK = 0x3fff;

// linux/rtnetlink.h
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;
export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;
export const RT_TABLE_UNSPEC = 0;
export const RT_TABLE_LOCAL = 255;
export const RTPROT_BOOT = 3;
export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_LINK = 253;
export const RT_SCOPE_NOWHERE = 255;
export const RTN_UNICAST = 1;
export const RTN_UNREACHABLE = 7;
export const RTA_DST = 1;
export const RTA_SRC = 2;
export const RTA_OIF = 4;
export const RTA_GATEWAY = 5;
export const RTA_PRIORITY = 6;
export const RTA_PREFSRC = 7;
export const RTA_METRICS = 8;
export const RTA_TABLE = 15;
export const RTA_MARK = 16;
export const RTAX_MTU = 2;

// linux/if_link.h, linux/veth.h, linux/if_addr.h
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_TXQLEN = 13;
export const IFLA_LINKINFO = 18;
export const IFLA_NET_NS_PID = 19;
export const IFLA_NET_NS_FD = 28;
export const IFLA_INFO_KIND = 1;
export const IFLA_INFO_DATA = 2;
export const VETH_INFO_PEER = 1;
export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;
export const IFA_FLAGS = 8;
export const IFA_F_NODAD = 2;

// linux/fib_rules.h
export const FRA_DST = 1;
export const FRA_SRC = 2;
export const FRA_IIFNAME = 3;
export const FRA_GOTO = 4;
export const FRA_PRIORITY = 6;
export const FRA_FWMARK = 10;
export const FRA_TABLE = 15;
export const FRA_FWMASK = 16;
export const FRA_PROTOCOL = 21;
export const FRA_IP_PROTO = 22;
export const FRA_SPORT_RANGE = 23;
export const FRA_DPORT_RANGE = 24;
export const FR_ACT_TO_TBL = 1;
export const FR_ACT_GOTO = 2;
export const FR_ACT_NOP = 3;
