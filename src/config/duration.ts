// RouterOS's times: `30m`, `1d`, `1h30m`, `00:30:00`, `1d00:30:00`, or seconds as a number.

const UNITS = { w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 } as const;
/** Units come from large to small, each at most once; a number without a unit is seconds. */
const WORDS = /^(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:(\d{1,8})h)?(?:(\d{1,9})m)?(?:(\d{1,10})s?)?$/;
const CLOCK = /^(?:(\d{1,6})d)?(\d{1,3}):([0-5]\d):([0-5]\d)$/;

/** Seconds, or undefined where it is no time. */
export function parseDuration(written: unknown): number | undefined {
  if (typeof written === 'number') return Number.isInteger(written) ? written : undefined;
  if (typeof written !== 'string' || written === '') return undefined;
  const clock = CLOCK.exec(written);
  if (clock) {
    const [days = 0, hours = 0, minutes = 0, seconds = 0] = clock
      .slice(1)
      .map((n) => Number(n ?? 0));
    return days * UNITS.d + hours * UNITS.h + minutes * UNITS.m + seconds;
  }
  const words = WORDS.exec(written);
  if (!words) return undefined;
  const sizes = Object.values(UNITS);
  return words.slice(1).reduce((sum, digits, i) => sum + Number(digits ?? 0) * sizes[i]!, 0);
}

/** `1h2m3s`, as RouterOS prints a time. */
export function formatDuration(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  let out = '';
  for (const [unit, size] of Object.entries(UNITS)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) out += `${count}${unit}`;
  }
  return out === '' ? '0s' : out;
}
