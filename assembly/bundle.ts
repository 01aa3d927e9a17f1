// AH and ESP together ("transport adjacency", RFC 2401 §4.3; RFC 4301 §4.3 leaves it to those who want
// it), one inside the other as Linux lays it out: ESP first, in its own mode, then an AH around it, over
// whatever IP header is the outermost by then.
//   tunnel     outer IP | AH | ESP | packet         transport     the packet's IP | AH | ESP | the rest
//   out  1. bundleFront  room in the slot for what comes in front of the ESP header
//        2. wrapJobs     sealed ESP packets become jobs of their AH
//   in   3. admitInner   what an authentic AH brought must be the ESP of the same bundle
import { IN_BUFFER_ERRORS, IN_STATE_MISMATCHES, IN_STATE_MODE_ERRORS } from '../src/contract/drops';
import { SA_FLAG_INNER, SA_FLAG_OUTER_V6, SA_FLAG_TRANSPORT } from '../src/contract/ids';
import {
  SA_BUNDLE,
  SA_BUNDLE_BYTES,
  SA_FLAGS,
  SA_ICV_BYTES,
  SA_IV_BYTES,
  SA_SPI,
} from '../src/contract/layout';
import { admitEsp } from './admit';
import { isAh, outerBytes } from './ah';
import { count } from './counters';
import {
  DONE,
  ESP_HEADER,
  JOB_HEADER,
  JOB_INDEX,
  JOB_LENGTH,
  JOB_NEXT,
  JOB_SA,
  JOB_SOURCE,
  JOB_TARGET,
  JOB_TEXT,
  JOB_TOS,
  jobAt,
  jobCount,
  NEW,
  saOf,
  setState,
  stateOf,
} from './esp';
import { IP_ESP } from './ip/packet';
import { recordOf } from './sa';
import { slotsLeft } from './slots';

/** Whether the SA is the AH of a bundle. */
export function isAround(sa: usize): bool {
  return isAh(sa) && load<u32>(sa, SA_BUNDLE) != 0;
}

// ---- out -----------------------------------------------------------------------------------------

/** Bytes kept free in front of the ESP header, or of the packet's own headers in transport mode. */
export function bundleFront(sa: usize): i32 {
  const ah = load<i32>(sa, SA_BUNDLE_BYTES);
  if (ah == 0) return 0;
  return ah + (load<u32>(sa, SA_FLAGS) & SA_FLAG_TRANSPORT ? 0 : outerBytes(sa));
}

/** Each sealed ESP packet of a bundle becomes what its AH protects; whether there are any. */
export function wrapJobs(): bool {
  const jobs = jobCount();
  let any = false;
  for (let i = 0; i < jobs; i++) {
    const job = jobAt(i);
    if (stateOf(job) != DONE) continue;
    const sa = saOf(job);
    if ((load<u32>(sa, SA_FLAGS) & SA_FLAG_INNER) == 0) continue;
    wrap(job, sa, recordOf(load<u32>(sa, SA_BUNDLE)));
    any = true;
  }
  return any;
}

function wrap(job: usize, sa: usize, around: usize): void {
  const header = load<i32>(job, JOB_HEADER);
  const at = load<i32>(job, JOB_TARGET) - header;
  const overhead = ESP_HEADER + load<i32>(sa, SA_IV_BYTES) + load<i32>(sa, SA_ICV_BYTES);
  store<u32>(job, <u32>around, JOB_SA);
  store<i32>(job, at, JOB_SOURCE);
  store<i32>(job, header + overhead + load<i32>(job, JOB_TEXT), JOB_LENGTH);
  store<i32>(job, at - bundleFront(sa), JOB_TARGET);
  store<i32>(job, IP_ESP, JOB_NEXT);
  setState(job, NEW);
}

// ---- in ------------------------------------------------------------------------------------------

/** The `length` bytes at `at` that the bundle's AH `sa` vouches for. */
export function admitInner(sa: usize, job: usize, at: usize, length: i32, next: i32): void {
  if (next != IP_ESP || length < ESP_HEADER) return count(IN_STATE_MODE_ERRORS);
  const inner = recordOf(load<u32>(sa, SA_BUNDLE));
  if (bswap<u32>(load<u32>(at)) != load<u32>(inner, SA_SPI)) return count(IN_STATE_MISMATCHES);
  if (slotsLeft() == 0) return count(IN_BUFFER_ERRORS);
  const way: u32 = SA_FLAG_INNER | (load<u32>(sa, SA_FLAGS) & SA_FLAG_OUTER_V6);
  admitEsp(load<i32>(job, JOB_INDEX), at, length, load<i32>(job, JOB_TOS), way);
}
