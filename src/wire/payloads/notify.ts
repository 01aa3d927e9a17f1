// N: an error, or a fact about the SA being set up. RFC 7296 §3.10.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  Protocol ID  |   SPI Size    |      Notify Message Type      |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                Security Parameter Index (SPI)                 ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                       Notification Data                       ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { bytes, lengthOf, rest, u8, u16 } from '../fields.js';
import { N, notifyName } from '../notifications.js';
import { payload, type ValueOf } from '../payload.js';

/** Sizes of the data of those notifications whose reader relies on it: [least, most]. */
const DATA_BYTES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [N.UNSUPPORTED_CRITICAL_PAYLOAD, [1, 1]], // §3.10.1
  [N.INVALID_MESSAGE_ID, [4, 4]],
  [N.INVALID_KE_PAYLOAD, [2, 2]],
  [N.SET_WINDOW_SIZE, [4, 4]],
  [N.IPCOMP_SUPPORTED, [3, 3]],
  [N.NAT_DETECTION_SOURCE_IP, [20, 20]], // a SHA-1 hash, §2.23
  [N.NAT_DETECTION_DESTINATION_IP, [20, 20]],
  [N.COOKIE, [1, 64]], // §2.6
  [N.AUTH_LIFETIME, [4, 4]], // RFC 4478 §3
  [N.COOKIE2, [8, 64]], // RFC 4555 §4.2.5
]);

export const Notify = payload({
  number: 41,
  type: 'Notify',
  fields: {
    protocol: u8,
    spiSize: lengthOf('spi', u8),
    notifyType: u16,
    spi: bytes('spiSize'),
    data: rest,
  },
  check({ spi, notifyType, data }, fail) {
    if (![0, 4, 8].includes(spi.length)) fail('spi', `of ${spi.length} bytes`);
    // §3.10.1: a rekey names the CHILD_SA it replaces by its four-byte SPI.
    if (notifyType === N.REKEY_SA && spi.length !== 4) fail('spi', 'REKEY_SA without an SPI');
    const [least, most] = DATA_BYTES.get(notifyType) ?? [0, Number.POSITIVE_INFINITY];
    if (data.length < least || data.length > most) {
      fail('data', `of ${data.length} bytes in ${notifyName(notifyType)}`);
    }
  },
  print: ({ notifyType }) => `N(${notifyName(notifyType)})`,
});

export type NotifyPayload = ValueOf<typeof Notify>;
