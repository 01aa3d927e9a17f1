// What a policy of the tests is for: any packet between two networks.
import { prefixOf } from '../../src/net/addressing.js';

export const between = (src: string, dst: string) => ({
  src: prefixOf(src),
  dst: prefixOf(dst),
  protocol: 0,
  srcPort: undefined,
  dstPort: undefined,
});
