// A GRE tunnel's end where the kernel has no GRE: sends packets of IP protocol 47 (RFC 2784).
//   gre-agent.js FROM TO COUNT
import { allocate, bindSocket, check, close, sendto, socket } from '../../src/net/libc.js';
import { AF_INET, SOCK_RAW } from '../../src/net/linux.js';

const IPPROTO_GRE = 47;
const [from = '', to = '', count = '1'] = process.argv.slice(2);

function sockaddr(address: string) {
  const block = allocate(16);
  block.view.setUint16(0, AF_INET, true);
  block.bytes.set(address.split('.').map(Number), 4);
  return block;
}

const fd = check(socket(AF_INET, SOCK_RAW, IPPROTO_GRE), 'socket', 'GRE');
const source = sockaddr(from);
check(bindSocket(fd, source.at, 16), 'bind', from);
const [target, packet] = [sockaddr(to), allocate(64)];
packet.view.setUint16(2, 0x0800); // no checksum, version 0, IPv4 inside
for (let sent = 0; sent < Number(count); sent++) {
  check(sendto(fd, packet.at, packet.bytes.length, 0, target.at, 16), 'sendto', to);
}
close(fd);
