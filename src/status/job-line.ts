/**
 * The phases of a job in one line of a comment, e.g. `fetch 0.3 s · install 4.1 s · build …`. Changes only when a phase
 * begins or ends, since each change is an edit of the comment: no seconds that run, no notes of what is not over.
 */
import type { PhaseView } from './job.ts';
import { code, words } from './markdown.ts';
import { brief } from './time.ts';
import type { EnvironmentView } from './view.ts';

type Shown = Pick<EnvironmentView, 'job' | 'state'>;

export function jobRow(view: Shown): readonly [string, string | undefined] {
  const { job } = view;
  if (!job) return ['Progress', undefined];
  const line = job.phases.flatMap(partOf).join(' · ');
  if (!isLive(view)) return ['Progress', line === '' ? undefined : line];
  const whole = job.seconds === undefined ? [] : [words(brief(job.seconds * 1_000))];
  return ['Took', [...whole, ...(line === '' ? [] : [line])].join(': ') || undefined];
}

/** The view without what only tells how far a job is: for its sake alone no comment is edited at once. */
export function withoutProgress(view: EnvironmentView): EnvironmentView {
  return isLive(view) ? view : { ...view, job: undefined };
}

/** The job is over and what it made serves: its line stays as it is from now on. */
function isLive({ job, state }: Shown): boolean {
  return job?.outcome === 'done' && state === 'RUNNING';
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
