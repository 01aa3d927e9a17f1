// Ranges as policies and selectors hold them: 128-bit big-endian addresses, 16-bit ports.
import { scratchAt, VIEW } from './memory';

/** Whether the address at `field` of the view lies between two stored ones. */
export function inRange(field: usize, low: usize, high: usize): bool {
  const view = scratchAt + VIEW + field;
  const addressHigh = load<u64>(view);
  const addressLow = load<u64>(view, 8);
  const lowHigh = bswap<u64>(load<u64>(low));
  if (addressHigh < lowHigh) return false;
  if (addressHigh == lowHigh && addressLow < bswap<u64>(load<u64>(low, 8))) return false;
  const highHigh = bswap<u64>(load<u64>(high));
  if (addressHigh > highHigh) return false;
  return addressHigh != highHigh || addressLow <= bswap<u64>(load<u64>(high, 8));
}

/** Two u16 at `at + field`, low and high. A later fragment has no ports: only "any" holds it. */
export function inPorts(port: i32, at: usize, field: usize, later: bool): bool {
  const low: i32 = load<u16>(at + field);
  const high: i32 = load<u16>(at + field, 2);
  if (later) return low == 0 && high == 0xffff;
  return port >= low && port <= high;
}
