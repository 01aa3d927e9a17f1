// Packets out of a TLS stream (RFC 6614 §2.1, RFC 6613 §2.6.4): one after another, each as long as it
// says; a length that cannot be ends the connection, for nothing after it can be found.
import { HEADER_BYTES, LONGEST_PACKET, packetLength, RadiusError } from './packet.js';

export class PacketStream {
  #held: Uint8Array = new Uint8Array(0);

  /** The packets that are complete now; throws RadiusError where the stream is none. */
  push(bytes: Uint8Array): Uint8Array[] {
    const all = new Uint8Array(this.#held.length + bytes.length);
    all.set(this.#held);
    all.set(bytes, this.#held.length);
    const packets: Uint8Array[] = [];
    let at = 0;
    while (all.length - at >= 4) {
      const length = packetLength(all.subarray(at));
      if (length < HEADER_BYTES || length > LONGEST_PACKET) {
        throw new RadiusError(`a packet in the stream says it has ${length} bytes`);
      }
      if (all.length - at < length) break;
      packets.push(all.slice(at, at + length));
      at += length;
    }
    this.#held = all.slice(at);
    return packets;
  }
}
