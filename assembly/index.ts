// The exports of culvert.wasm and nothing else.
import { LAYOUT_VERSION } from '../src/contract/layout';

export { attach } from './memory';

/** The layout this module was compiled with; the host refuses to start on another. */
export function abi(): u32 {
  return LAYOUT_VERSION;
}
