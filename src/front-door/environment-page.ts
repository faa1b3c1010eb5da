/** The page of an environment that does not answer itself: waiting, failed, asleep or stopped. */
import type { EnvironmentState } from '../model/environment.ts';
import type { JobPhase } from '../model/observed.ts';
import type { Stage, StageName, StageState } from '../status/progress.ts';
import { duration, timeOf, utc } from '../status/time.ts';
import type { FailureView } from '../status/trouble.ts';
import type { ConditionView, EnvironmentView } from '../status/view.ts';
import type { Facts } from './facts.ts';
import { type Html, html } from './html.ts';
import { CROSS, TICK } from './marks.ts';
import { head, type Page } from './page.ts';
import { phaseList } from './phase-list.ts';

const HEADINGS: Readonly<Record<EnvironmentState, string>> = {
  PENDING: 'Waiting to start',
  STARTING: 'Getting your environment ready',
  RUNNING: 'Ready, switching over',
  SLEEPING: 'Waking up',
  STOPPING: 'Shutting down',
  STOPPED: 'This environment is stopped',
  FAILED: 'This environment could not start',
};

const RUNNING_LEAD = 'The environment runs. The load balancer is about to bring you there.';
const WAKING_LEAD = 'It was asleep, since nobody had used it for a while. Your visit wakes it.';

const STAGE_TITLES: Readonly<Record<StageName, string>> = {
  image: 'Image',
  task: 'Task',
  code: 'Code',
  route: 'Route',
  ready: 'Ready',
};

const CONDITION_TITLES: Readonly<Record<ConditionView['type'], string>> = {
  Accepted: 'Request',
  ImageAvailable: 'Image',
  TaskRunning: 'Task',
  Routed: 'Route',
  Ready: 'Readiness',
  UpToDate: 'Newest commit',
  ControlReachable: 'Supervisor',
  Reported: 'Comment on GitHub',
  Removed: 'Removal',
};

const STAGE_WORDS: Readonly<Record<StageState, string>> = {
  done: 'done',
  active: 'under way',
  waiting: 'to come',
  failed: 'failed',
};

const PHASE_WORDS: Readonly<Record<JobPhase, string>> = {
  fetch: 'fetching',
  recipe: 'fetching',
  install: 'installing',
  build: 'building',
  start: 'starting',
  healthy: 'starting',
};

export function environmentPage(view: EnvironmentView, facts: Facts, now: number): Page {
  const { headline, sessionId } = view;
  const heading = headingOf(view);
  const active = view.stages.find(({ state }) => state === 'active');
  return {
    title: `${headline.title} · ${view.branch ?? sessionId}`,
    tone: headline.tone,
    place: sessionId,
    said: [heading, active && STAGE_TITLES[active.name], active?.detail].filter(Boolean).join('. '),
    refreshSeconds: facts.retryAfterSeconds,
    digest: facts.digest,
    body: html`${head(headline.title, heading, leadOf(view), elapsed(view, now))}${sections(view, facts, now)}`,
  };
}

/** Of a failure, the log is what people look for first. */
function sections(view: EnvironmentView, facts: Facts, now: number): readonly (Html | undefined)[] {
  const [tail, about] = [log(facts.log), details(view)];
  const middle = view.state === 'FAILED' ? [tail, nextSteps(view), about] : [nextSteps(view), about, tail];
  return [progress(view, now), failure(view), ...middle, conditions(view.conditions)];
}

/** A headline that is not the plain one of its state says more than the heading made for the state. */
function headingOf({ state, headline, wanted }: EnvironmentView): string {
  if (headline.tone === 'warn' || headline.title === 'Not started') return headline.title;
  return state === 'SLEEPING' && !wanted ? 'This environment is asleep' : HEADINGS[state];
}

function leadOf({ state, headline, wanted }: EnvironmentView): string {
  if (headline.tone === 'warn') return headline.summary;
  if (state === 'RUNNING') return RUNNING_LEAD;
  return state === 'SLEEPING' && wanted ? WAKING_LEAD : headline.summary;
}

function elapsed({ since }: EnvironmentView, now: number): Html | undefined {
  const from = timeOf(since ?? '');
  if (!Number.isFinite(from)) return undefined;
  return html`<span class="elapsed">for <span data-since="${from}">${duration(now - from)}</span></span>`;
}

function progress(view: EnvironmentView, now: number): Html | undefined {
  const { state, stages } = view;
  if (!['PENDING', 'STARTING', 'RUNNING', 'FAILED'].includes(state)) return undefined;
  const detail = stages.find((stage) => stage.state === 'active')?.detail;
  // The lead says the same most of the time.
  const more = detail === undefined || detail === leadOf(view) ? undefined : html`<p class="doing">${detail}</p>`;
  return html`<section><h2 class="sr">Progress</h2><ol class="stages">${stages.map(stageItem)}</ol>${more}${phaseList(view, now)}</section>`;
}

function stageItem({ name, state, phase }: Stage): Html {
  const word = phase === undefined ? STAGE_WORDS[state] : PHASE_WORDS[phase];
  const mark = state === 'done' ? TICK : state === 'failed' ? CROSS : undefined;
  const current = state === 'active' ? html` aria-current="step"` : undefined;
  return html`<li class="stage ${state}"${current}><span class="mark">${mark}</span><b>${STAGE_TITLES[name]}</b><small>${word}</small></li>`;
}

function failure(view: EnvironmentView): Html | undefined {
  const failed = view.failure ?? view.updateFailure;
  if (!failed) return undefined;
  const { meaning, message } = failed;
  const title = view.state === 'FAILED' ? 'What went wrong' : 'What went wrong last time';
  const what = meaning === leadOf(view) ? undefined : html`<p class="what">${meaning}</p>`;
  const more = message === meaning || message === '' ? undefined : message;
  const parts = [what, failureFacts(failed), more && html`<pre class="message wrap" tabindex="0">${more}</pre>`];
  // The lead may have said all of it.
  return parts.some(Boolean) ? html`<section class="failure"><h2>${title}</h2>${parts}</section>` : undefined;
}

function failureFacts({ commit, exitCode, stopCode, retryAt }: FailureView): Html | undefined {
  const known = [
    commit && `commit ${commit.slice(0, 7)}`,
    exitCode === undefined ? undefined : `exit code ${exitCode}`,
    stopCode,
    retryAt && `next try at ${utc(retryAt)}`,
  ].filter(Boolean);
  return known.length > 0 ? html`<p class="facts">${known.join(' · ')}</p>` : undefined;
}

function nextSteps({ nextSteps: steps, state }: EnvironmentView): Html | undefined {
  const useful = ['FAILED', 'STOPPED', 'STOPPING'].includes(state);
  if (!useful || steps.length === 0) return undefined;
  return html`<section><h2>What to do next</h2><ul class="next">${steps.map((step) => html`<li>${step}</li>`)}</ul></section>`;
}

function details({ branch, commit, liveCommit, imageTag, project }: EnvironmentView): Html | undefined {
  const live = liveCommit === commit ? undefined : liveCommit;
  const rows = [
    row('Project', project),
    row('Branch', branch, true),
    row('Commit', commit?.slice(0, 12), true),
    row('Live commit', live?.slice(0, 12), true),
    row('Image', imageTag, true),
  ].filter((one) => one !== undefined);
  return rows.length === 0 ? undefined : html`<section><h2 class="sr">Details</h2><dl>${rows}</dl></section>`;
}

function row(name: string, value: string | undefined, isCode = false): Html | undefined {
  if (value === undefined) return undefined;
  return html`<div><dt>${name}</dt><dd>${isCode ? html`<code>${value}</code>` : value}</dd></div>`;
}

function log(lines: readonly string[]): Html | undefined {
  if (lines.length === 0) return undefined;
  return html`<section><h2 id="log">Last lines of the log</h2><pre class="tail" tabindex="0" aria-labelledby="log">${lines.join('\n')}</pre></section>`;
}

function conditions(all: readonly ConditionView[]): Html | undefined {
  const known = all.filter(({ status }) => status !== 'Unknown');
  if (known.length === 0) return undefined;
  // What is wrong with the record stands nowhere else on the page.
  const refused = known.some(({ type, status }) => type === 'Accepted' && status === 'False');
  const open = refused ? html` open` : undefined;
  return html`<section><details${open}><summary>Everything Mayfly knows about it</summary><ul class="conditions">${known.map(conditionItem)}</ul></details></section>`;
}

function conditionItem({ type, status, message, meaning }: ConditionView): Html {
  const [look, mark, word] = status === 'True' ? ['yes', '✓', 'yes'] : ['no', '–', 'not yet'];
  const more = message === meaning || message === '' ? undefined : html`<p class="dim">${message}</p>`;
  return html`<li><span class="${look}" aria-hidden="true">${mark}</span><span><b>${CONDITION_TITLES[type]}</b><span class="sr">: ${word}</span> <span class="dim">${meaning}</span></span>${more}</li>`;
}
