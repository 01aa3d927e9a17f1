// A NAT on the link between two engines.
import type { Datagram, Endpoint } from '../../src/ike/step.js';
import { address, EAST } from './databases.js';
import type { World } from './world.js';

export const NAT_ADDRESS = address('203.0.113.9');

/** A NAT in front of east: a public address, a port per inside port; `rebind` forgets the ports. */
export function natBeforeEast(world: World) {
  const outside = NAT_ADDRESS;
  let base = 20_000;
  const inside = new Map<number, number>();
  const receive = world.west.engine.receive.bind(world.west.engine);
  world.west.engine.receive = (datagram: Datagram) => {
    const port = base + datagram.remote.port;
    inside.set(port, datagram.remote.port);
    return receive({ ...datagram, remote: { address: outside, port } });
  };
  world.east.engine.receive = ((original) => (datagram: Datagram) => {
    const { port } = datagram.local;
    return original({ ...datagram, local: { address: EAST, port: inside.get(port) ?? port } });
  })(world.east.engine.receive.bind(world.east.engine));
  return {
    endpoint: (port: number): Endpoint => ({ address: outside, port: base + port }),
    rebind: () => {
      base += 1000;
    },
  };
}
