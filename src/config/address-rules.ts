// What a peer's address says of it.
import { addressBits, formatPrefix, type Prefix } from '../policy/address.js';

/** Whether a peer is one host, which can be called. */
export const isSingleHost = (address: Prefix | string): boolean =>
  typeof address === 'string' || address.bits === addressBits(address.address.family);

/** As it is written: a prefix with its length, or a name. */
export const formatPeerAddress = (address: Prefix | string): string =>
  typeof address === 'string' ? address : formatPrefix(address);
