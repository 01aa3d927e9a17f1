// Undoing a start, whole or half: what was opened is closed in reverse order, each step even where
// another failed.

export interface Cleanup {
  /** Remembers how to undo what was just done. */
  add(what: string, undo: () => void | Promise<void>): void;
  /** Undoes everything once; failures are reported, not thrown, so that the rest is still undone. */
  run(report: (text: string) => void): Promise<void>;
}

export function createCleanup(): Cleanup {
  const steps: { readonly what: string; readonly undo: () => void | Promise<void> }[] = [];
  return {
    add(what, undo) {
      steps.push({ what, undo });
    },
    async run(report) {
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step.undo();
        } catch (error) {
          const text = error instanceof Error ? error.message : String(error);
          report(`could not undo: ${step.what}: ${text}`);
        }
      }
    },
  };
}
