// How the doctor's questions are answered.
import type { CheckName } from './ailments.js';
import type { DoctorFacts } from './doctor-facts.js';

export interface Answer {
  readonly verdict: 'ok' | 'wrong' | 'unknown';
  readonly text: string;
  readonly change?: string;
}

export const fine = (text: string): Answer => ({ verdict: 'ok', text });
export const unknown = (text: string): Answer => ({ verdict: 'unknown', text });
export const wrong = (text: string, change: string): Answer => ({
  verdict: 'wrong',
  text,
  change,
});

/** The last failure of that kind, if nothing has healed it. */
export function ailing(facts: DoctorFacts, check: CheckName, change: string): Answer | undefined {
  const found = facts.record.ailments.filter((one) => one.check === check).at(-1);
  return found && wrong(`${found.text} (${ago(facts.now - found.at)})`, change);
}

/** `12 s ago`. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  return seconds < 7200
    ? `${Math.round(seconds / 60)} min ago`
    : `${Math.round(seconds / 3600)} h ago`;
}
