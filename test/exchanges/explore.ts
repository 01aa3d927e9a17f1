// Orders in which things can happen: a scenario asks `choose(n)` wherever n things may come next, and is
// run again with other answers. All sequences of answers, or a seeded sample of them.
import type { Random } from '../wire/random.js';

export type Choose = (options: number) => number;
type Scenario = (choose: Choose) => Promise<void>;

async function attempt(scenario: Scenario, choose: Choose): Promise<void> {
  const taken: number[] = [];
  try {
    await scenario((options) => {
      taken.push(choose(options));
      return taken.at(-1)!;
    });
  } catch (error) {
    const text = `in order ${taken.join(' ')}: ${(error as Error).message}`;
    throw new Error(text, { cause: error });
  }
}

/** Runs the scenario for every sequence of choices; gives how many there were. */
export async function everyChoice(scenario: Scenario): Promise<number> {
  let path: { chosen: number; options: number }[] = [];
  for (let runs = 1; ; runs++) {
    let depth = 0;
    await attempt(scenario, (options) => {
      path[depth] ??= { chosen: 0, options };
      return path[depth++]!.chosen;
    });
    path = path.slice(0, depth);
    while (path.length > 0 && path.at(-1)!.chosen + 1 >= path.at(-1)!.options) path.pop();
    if (path.length === 0) return runs;
    path.at(-1)!.chosen++;
  }
}

/** Runs the scenario `count` times with choices by chance. */
export async function someChoices(
  scenario: Scenario,
  count: number,
  random: Random,
): Promise<number> {
  for (let i = 0; i < count; i++) {
    await attempt(scenario, (options) => random.between(0, options - 1));
  }
  return count;
}
