// Every order in which something can happen: a scenario asks `choose(n)` wherever n things may come
// next, and is run again for each sequence of answers.

export type Choose = (options: number) => number;

/** Runs the scenario for every sequence of choices, at most `most`; gives how many there were. */
export async function explore(
  scenario: (choose: Choose) => Promise<void>,
  most: number,
): Promise<number> {
  let path: { chosen: number; options: number }[] = [];
  for (let runs = 1; ; runs++) {
    let depth = 0;
    const taken = path;
    try {
      await scenario((options) => {
        taken[depth] ??= { chosen: 0, options };
        return taken[depth++]!.chosen;
      });
    } catch (error) {
      const order = taken.slice(0, depth).map(({ chosen }) => chosen);
      throw new Error(`in order ${order.join('')}: ${(error as Error).message}`, { cause: error });
    }
    path = taken.slice(0, depth);
    while (path.length > 0 && path.at(-1)!.chosen + 1 >= path.at(-1)!.options) path.pop();
    if (path.length === 0 || runs === most) return runs;
    path.at(-1)!.chosen++;
  }
}
