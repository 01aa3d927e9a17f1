// Explicit congestion notification when a tunnel ends (RFC 6040 §4.2, figure 4).
import { replaceWord } from './checksum';

const NOT_ECT: i32 = 0;
const ECT_1: i32 = 1;
const ECT_0: i32 = 2;
const CE: i32 = 3;

/** Merges the outer field into the inner packet; false: the packet must be dropped. */
export function mergeEcn(at: usize, outerTos: i32): bool {
  const outer = outerTos & 3;
  const version4 = load<u8>(at) >> 4 == 4;
  const inner: i32 = version4 ? load<u8>(at, 1) & 3 : (load<u8>(at, 1) >> 4) & 3;
  let merged = inner;
  if (outer == CE) {
    if (inner == NOT_ECT) return false;
    merged = CE;
  } else if (outer == ECT_1 && inner == ECT_0) {
    merged = ECT_1;
  }
  if (merged == inner) return true;
  if (version4) {
    replaceWord(at + 10, at, ((<u16>load<u8>(at)) << 8) | ((load<u8>(at, 1) & 0xfc) | <u8>merged));
  } else {
    store<u8>(at, (load<u8>(at, 1) & 0xcf) | <u8>(merged << 4), 1);
  }
  return true;
}
