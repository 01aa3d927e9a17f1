// An association with an AH around its ESP is two for the tables (assembly/bundle.ts).
import type { Association } from './association.js';

/** The AH of a bundle as an association of its own: over what ESP has made, whatever its mode. */
export function aroundOf(sa: Association): Association | undefined {
  if (!sa.around) return undefined;
  const { softSeconds, hardSeconds } = sa.lifetime;
  // bytes are counted once, inside
  const lifetime = { softSeconds, hardSeconds, softBytes: 0, hardBytes: 0 };
  const own = { protocol: 'ah', mode: 'transport', encryption: 'null', around: undefined } as const;
  return { ...sa, ...sa.around, ...own, lifetime };
}
