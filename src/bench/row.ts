// One measured figure, as every part of the bench returns it and `--json` prints it.

export interface Row {
  /** What was measured. */
  readonly name: string;
  readonly unit: string;
  readonly value: number;
}

/** Told what is being measured now, for a person who waits. */
export type Progress = (text: string) => void;
