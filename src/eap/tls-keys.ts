// The MSK of the methods over TLS: RFC 5216 §2.3, RFC 5281 §8 and PEAP up to TLS 1.2; RFC 9190 §2.3 and
// RFC 9427 §2.1 for TLS 1.3, where one label serves all and the method's type is the context.
import { TYPE } from './packet.js';
import type { TlsEnd } from './tls.js';

const MSK_BYTES = 64;
/** What is asked for in all: MSK and EMSK. In TLS 1.3 the length is part of what is derived. */
const KEY_MATERIAL_BYTES = 128;
const LABEL_13 = 'EXPORTER_EAP_TLS_Key_Material';

export function mskOf(tls: TlsEnd, type: number): Uint8Array {
  const material = tls.isVersion13
    ? tls.export(KEY_MATERIAL_BYTES, LABEL_13, Uint8Array.of(type))
    : tls.export(
        KEY_MATERIAL_BYTES,
        type === TYPE.TTLS ? 'ttls keying material' : 'client EAP encryption',
      );
  const msk = material.slice(0, MSK_BYTES);
  material.fill(0);
  return msk;
}
