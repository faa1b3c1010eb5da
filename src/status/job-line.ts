/**
 * The phases of a job in one line of a comment, e.g. `fetch 0.3 s · install 4.1 s · build …`. Changes only when a phase
 * begins or ends, since each change is an edit of the comment: no seconds that run, no notes of what is not over.
 */
import type { JobView, PhaseView } from './job.ts';
import { code, words } from './markdown.ts';
import { brief } from './time.ts';

export function jobRow(job: JobView | undefined): readonly [string, string | undefined] {
  if (!job) return ['Progress', undefined];
  const line = job.phases.flatMap(partOf).join(' · ');
  if (job.outcome !== 'done') return ['Progress', line === '' ? undefined : line];
  const whole = job.seconds === undefined ? [] : [words(brief(job.seconds * 1_000))];
  return ['Took', [...whole, ...(line === '' ? [] : [line])].join(': ') || undefined];
}

/** Finished HTML; nothing for what is to come, and for what took no time and has nothing to tell. */
function partOf({ phase, state, seconds, note }: PhaseView): readonly string[] {
  const took = !seconds ? '' : ` ${brief(seconds * 1_000)}`;
  switch (state) {
    case 'waiting':
      return [];
    case 'running':
      return [`${phase} …`];
    case 'done':
      if (!seconds && note === undefined) return [];
      return [`${phase}${took}${note === undefined ? '' : ` ${code(note)}`}`];
    default:
      return [`${phase} ${state}${took === '' ? '' : ` after${took}`}`];
  }
}
