// The highest rate that arrives whole, or nearly: an offered load search in the manner of RFC 2544
// §26.1. The first guess is what comes through a flood; from there the rate rises or falls until
// it is between a load that passed and one that did not, and then the gap is halved, in logarithms.

export interface Trial {
  readonly sent: number;
  readonly received: number;
  /** How long it was sent. */
  readonly seconds: number;
}

export interface Found<T extends Trial> {
  /** The passing trial with most delivered, or, if none passed, the one with least loss. */
  readonly best: T;
  /** Packets a second that arrived in the trial where most did, at any loss. */
  readonly most: number;
}

/** The loss a trial may have: none at all is luck on a machine that does other things too. */
export const LOSS_LIMIT = 0.01;
/** The search ends when the load that passed is this near to one that did not. */
const PRECISION = 1.06;
const MOST_STEPS = 9;
/** How far it goes at once while one of the two is missing; from a guess the limit is near. */
const STRIDE = { flood: 1.5, guess: 1.25 } as const;
/** A little below this much loss a trial is repeated once: it may have been another process. */
const REPEAT_BELOW = 0.1;

export const lossOf = ({ sent, received }: Trial): number =>
  sent === 0 ? 1 : Math.max(0, 1 - received / sent);

export const deliveredOf = ({ received, seconds }: Trial): number => received / seconds;

/** `guess`: packets a second, from an earlier search; undefined: a flood is tried first. */
export async function searchRate<T extends Trial>(
  offer: (rate: number) => Promise<T>,
  guess?: number,
): Promise<Found<T>> {
  const trials: T[] = [];
  const tried = async (rate: number): Promise<T> => {
    const trial = await offer(rate);
    trials.push(trial);
    return trial;
  };
  const passes = async (rate: number): Promise<boolean> => {
    const loss = lossOf(await tried(rate));
    if (loss < LOSS_LIMIT) return true;
    return loss < REPEAT_BELOW && lossOf(await tried(rate)) < LOSS_LIMIT;
  };
  let rate = guess ?? deliveredOf(await tried(Infinity));
  const stride = STRIDE[guess === undefined ? 'flood' : 'guess'];
  let [low, high] = [0, Infinity];
  for (let step = 0; step < MOST_STEPS && rate >= 1 && high / low > PRECISION; step++) {
    if (await passes(rate)) low = rate;
    else high = rate;
    // A generator that cannot send faster has found its own end, not the tunnel's.
    const last = trials.at(-1)!;
    if (low === rate && last.sent / last.seconds < 0.9 * rate) break;
    rate = high === Infinity ? stride * low : low === 0 ? high / stride : Math.sqrt(low * high);
  }
  const passed = trials.filter((trial) => lossOf(trial) < LOSS_LIMIT);
  const best = passed.length > 0 ? most(passed, deliveredOf) : most(trials, (t) => -lossOf(t));
  return { best, most: deliveredOf(most(trials, deliveredOf)) };
}

const most = <T>(all: readonly T[], value: (one: T) => number): T =>
  all.reduce((best, one) => (value(one) > value(best) ? one : best));
