// Looks from time to time whether what we set up on the host is there still: firewalls are reloaded and
// routes flushed by scripts that know nothing of us, and a protected packet would leave in the clear.
import type { Log } from './log.js';

// Our own choices: soon enough for a person who looks, and never more than a hundredth of the thread.
const EVERY_MS = 5000;
const SHARE = 100;

/** Stops when the function it returns is called. `look` puts back what is missing. */
export function repairRegularly(look: () => void, log: Log, every = EVERY_MS): () => void {
  let timer: NodeJS.Timeout;
  const again = (wait: number): void => {
    timer = setTimeout(() => {
      const began = performance.now();
      try {
        look();
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        log.error('net', `cannot put back what was removed from the host: ${text}`);
      }
      again(Math.max(every, SHARE * (performance.now() - began)));
    }, wait);
    timer.unref();
  };
  again(every);
  return () => clearTimeout(timer);
}
