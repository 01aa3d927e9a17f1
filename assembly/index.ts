// The exports of culvert.wasm and nothing else.
import { LAYOUT_VERSION } from '../src/contract/layout';

export { attach } from './memory';

/** The layout this module was compiled with; the host refuses to start on another. */
export function abi(): u32 {
  return LAYOUT_VERSION;
}
export { chachaPolyOpen, chachaPolySeal } from './cipher/chacha20poly1305';
export { takeEarly } from './early';
export { lookupFlows } from './flows';
export { takeHeld } from './held';
export { processInbound, processOutbound } from './process';
export { prepareReceive } from './receive';
export { checkReplay, commitReplay, inferSequence } from './replay';
export { hmac, hmacSetKey } from './mac/hmac';
export { hmacLanes } from './mac/hmaclanes';
export { poly1305 } from './mac/poly1305';
export { aesExpandKey } from './cipher/aes-key';
export { decryptBlocks, encryptBlocks } from './cipher/aes';
export { cbcDecrypt, cbcEncryptLanes } from './cipher/cbc';
export { ctrApply } from './cipher/ctr';
export { ccmOpenLanes, ccmSealLanes } from './cipher/ccm';
export { gmacOpen, gmacSeal } from './cipher/gmac';
export { gcmOpen, gcmSeal, gcmSetKey } from './cipher/gcm';
export { blowfishSetKey } from './cipher/blowfish';
export { camelliaSetKey } from './cipher/camellia';
export { desSetKey } from './cipher/des';
export { twofishSetKey } from './cipher/twofish';
export { tableCbcDecrypt, tableCbcEncryptLanes } from './cipher/tablecbc';
