// Shows tun.name, tun.mtu, tun.offload
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addAddress } from '../../src/net/addresses.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { allocate, check, errno, read, write } from '../../src/net/libc.js';
import { listLinks } from '../../src/net/links.js';
import { EAGAIN, VNET_HEADER } from '../../src/net/linux.js';
import { addRoute } from '../../src/net/routes.js';
import { openTun } from '../../src/net/tun.js';
import { packetOf } from '../assembly/streams.js';
import { readable, TestSocket } from '../helpers/datagrams.js';
import { ownNamespaces, withNamespaces } from '../helpers/namespaces.js';
import { superPacket } from '../reference/segment.js';

const tun = suite('net/tun');

const HERE = '198.18.0.1';
const THERE = '198.19.0.1';

/** Sends a datagram from a host of `a` through the device and back. */
function thereAndBack(offload: boolean): Promise<void> {
  return withNamespaces(['a'], (a) => {
    a!.configure((netlink) => {
      const device = openTun({ name: 'culvert0', queues: 2, mtu: 1400, offload });
      assert.is(device.header, offload ? VNET_HEADER : 0);
      addAddress(netlink, 'lo', prefixOf(HERE));
      const destination = prefixOf('198.19.0.0/16');
      addRoute(netlink, { destination, table: 254, type: 'unicast', interface: device.index });
      const application = new TestSocket(addressBytes(HERE), 4000);
      const question = new Uint8Array(32).fill(7);
      application.send(addressBytes(THERE), 5000, question);
      const buffer = allocate(2000);
      const queue = device.fds.find((fd) => readable(fd, 500))!;
      const length = check(read(queue, buffer.at, 2000), 'read', 'the TUN');
      const packet = buffer.bytes.subarray(device.header, length);
      assert.is(packet.length, 28 + question.length);
      assert.equal([...packet.subarray(12, 16)], [...addressBytes(HERE)]);
      assert.equal([...packet.subarray(28)], [...question]);
      for (const fd of device.fds) {
        assert.is(read(fd, buffer.at, 2000), -1);
        assert.is(errno(), EAGAIN);
      }
      // The answer: the same packet with its ends changed over, which leaves every checksum as it is.
      packet.copyWithin(12, 16, 20);
      packet.set(addressBytes(THERE), 12);
      packet.set(addressBytes(HERE), 16);
      packet.set([5000 >> 8, 5000 & 0xff, 4000 >> 8, 4000 & 0xff], 20);
      assert.is(write(device.fds[1]!, buffer.at, length), length);
      assert.equal([...application.receive()!], [...question]);
      application.close();
      device.close();
      assert.equal(
        listLinks(netlink).map(({ name }) => name),
        ['lo'],
      );
    });
  });
}

tun('packets leave and enter through the queues', () => thereAndBack(false));
tun('with offloads each stands behind a virtio header', () => thereAndBack(true));

tun('a burst of a thousand small packets waits for a reader that is late', () =>
  withNamespaces(['a'], (a) => {
    a!.configure((netlink) => {
      const device = openTun({ name: 'culvert0', queues: 1, mtu: 1400, offload: true });
      addAddress(netlink, 'lo', prefixOf(HERE));
      const destination = prefixOf('198.19.0.0/16');
      addRoute(netlink, { destination, table: 254, type: 'unicast', interface: device.index });
      const application = new TestSocket(addressBytes(HERE), 4000);
      const [fd = -1] = device.fds;
      const buffer = allocate(2000);
      for (let sent = 0; sent < 1000; sent++) {
        application.send(addressBytes(THERE), 5000, Uint8Array.of(sent >> 8, sent));
      }
      for (let came = 0; came < 1000; came++) {
        check(read(fd, buffer.at, 2000), 'read', `packet ${came}`);
        assert.is(buffer.view.getUint16(device.header + 28), came);
      }
      application.close();
      device.close();
    });
  }),
);

tun('a super-packet of 64 datagrams, the most that are joined, is taken and cut again', () =>
  withNamespaces(['a'], (a) => {
    a!.configure((netlink) => {
      const device = openTun({ name: 'culvert0', queues: 1, mtu: 1400, offload: true });
      if (!device.uso) {
        console.log('NOTE this kernel has no UDP segmentation on a TUN: nothing is joined');
        return device.close();
      }
      addAddress(netlink, 'lo', prefixOf(HERE));
      const destination = prefixOf('198.19.0.0/16');
      addRoute(netlink, { destination, table: 254, type: 'unicast', interface: device.index });
      const application = new TestSocket(addressBytes(HERE), 5000);
      const payload = Uint8Array.from({ length: 64 * 36 }, (_, index) => Math.floor(index / 36));
      const whole = packetOf(payload, { udp: true, src: THERE, dst: HERE, srcPort: 4000 });
      whole.writeUInt16BE(5000, 22);
      const { header, packet } = superPacket(whole, 36);
      const bytes = allocate(header.length + packet.length);
      bytes.bytes.set(Buffer.concat([header, packet]));
      const { length } = bytes.bytes;
      assert.is(check(write(device.fds[0]!, bytes.at, length), 'write', 'the TUN'), length);
      for (let i = 0; i < 64; i++) {
        assert.equal([...application.receive()!], Array(36).fill(i), `datagram ${i}`);
      }
      application.close();
      device.close();
    });
  }),
);

tun('a name that cannot be or is taken, and a silly MTU, are refused in words', () =>
  withNamespaces(['a'], (a) => {
    a!.enter(() => {
      const open = (name: string, mtu = 1400): (() => void) => {
        return () => openTun({ name, queues: 1, mtu, offload: false }).close();
      };
      assert.throws(open('a/b'), /TUN name 'a\/b': expected/);
      assert.throws(open('much-too-long-a-name'), /expected 1 to 15/);
      assert.throws(open('culvert0', 20), /TUN MTU 20: expected/);
      assert.throws(open('lo'), /lo.*choose another/);
      // The kernel would give a second daemon queues of the first one's device.
      const held = openTun({ name: 'culvert0', queues: 1, mtu: 1400, offload: false });
      assert.throws(open('culvert0'), /culvert0 is in use: a running process holds it/);
      held.close();
      open('culvert0')();
    });
  }),
);

if (ownNamespaces()) tun.run();
