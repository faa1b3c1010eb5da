/** What the container is at, one phase a line: what is done and how long it took, what runs, what is to come. */
import type { JobPhase } from '../model/observed.ts';
import type { PhaseView } from '../status/job.ts';
import { brief, duration, timeOf } from '../status/time.ts';
import type { EnvironmentView } from '../status/view.ts';
import { type Html, html } from './html.ts';
import { CROSS, TICK } from './marks.ts';

const TITLES: Readonly<Record<JobPhase, string>> = {
  fetch: 'Fetch the code',
  recipe: 'See how it is run',
  install: 'Install dependencies',
  build: 'Build',
  start: 'Start',
  healthy: 'Wait for the first answer',
};

const WORDS: Readonly<Record<PhaseView['state'], string>> = {
  done: 'done',
  running: 'under way',
  failed: 'failed',
  cancelled: 'cancelled',
  waiting: 'to come',
};

export function phaseList({ job }: EnvironmentView, now: number): Html | undefined {
  if (!job || job.phases.length === 0) return undefined;
  return html`<ol class="phases" aria-label="In the container">${job.phases.map((phase) => item(phase, now))}</ol>`;
}

function item(view: PhaseView, now: number): Html {
  const { phase, state, note } = view;
  const mark = state === 'done' ? TICK : state === 'failed' ? CROSS : undefined;
  const current = state === 'running' ? html` aria-current="step"` : undefined;
  const more = note === undefined ? undefined : html` <small>${note}</small>`;
  return html`<li class="phase ${state}"${current}><span class="pip">${mark}</span><span>${TITLES[phase]}${more}<span class="sr">: ${WORDS[state]}</span></span><span class="took">${time(view, now)}</span></li>`;
}

/** Of what runs, the seconds run on by themselves; see `page-script.ts`. */
function time({ state, startedAt, seconds }: PhaseView, now: number): Html | string | undefined {
  const from = timeOf(startedAt ?? '');
  if (state === 'running' && Number.isFinite(from)) {
    return html`<span data-since="${from}">${duration(now - from)}</span>`;
  }
  const took = seconds === undefined ? undefined : brief(seconds * 1_000);
  if (state === 'done') return took;
  return state === 'waiting' ? undefined : [WORDS[state], took].filter(Boolean).join(' after ');
}
