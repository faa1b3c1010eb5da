/** What the front door tells about an environment: the same facts as JSON and on the page. Public: no names of people. */
import { canonical, digest } from '../model/digest.ts';
import type { Deployment, EnvironmentState } from '../model/environment.ts';
import { redactLines } from '../model/redact.ts';
import { plainLines } from '../status/markdown.ts';
import type { PhaseView } from '../status/job.ts';
import type { Stage } from '../status/progress.ts';
import { timeOf } from '../status/time.ts';
import type { FailureView } from '../status/trouble.ts';
import type { ConditionView, EnvironmentView } from '../status/view.ts';

const LOG_LINES = 20;
const LOG_LINE_MAX = 500;

export interface Facts {
  readonly environment: string;
  readonly state: EnvironmentState;
  readonly title: string;
  readonly summary: string;
  readonly url?: string | undefined;
  readonly project?: string | undefined;
  readonly branch?: string | undefined;
  readonly commit?: string | undefined;
  readonly liveCommit?: string | undefined;
  readonly imageTag?: string | undefined;
  /** ISO time since when it is in this state. */
  readonly since?: string | undefined;
  readonly elapsedSeconds?: number | undefined;
  readonly stages: readonly Stage[];
  /** What the container was or is at; empty where no supervisor tells. */
  readonly phases: readonly PhaseView[];
  readonly conditions: readonly ConditionView[];
  readonly failure?: FailureView | undefined;
  readonly deployments: readonly Deployment[];
  readonly nextSteps: readonly string[];
  readonly log: readonly string[];
  readonly retryAfterSeconds: number;
  /** Changes when anything but the time does. */
  readonly digest: string;
}

/** How soon to look again, in seconds: soon while something is under way, slowly when only a person can change it. */
const LOOK_AGAIN: Readonly<Record<EnvironmentState, number>> = {
  PENDING: 4,
  STARTING: 3,
  RUNNING: 2,
  SLEEPING: 3,
  STOPPING: 5,
  STOPPED: 30,
  FAILED: 15,
};

export function factsOf(view: EnvironmentView, log: readonly string[], now: number): Facts {
  const { sessionId, state, headline, url, project, branch, commit, liveCommit, imageTag, since } = view;
  const { stages, job, conditions, failure, deployments, nextSteps } = view;
  const lasting = {
    environment: sessionId,
    state,
    title: headline.title,
    summary: headline.summary,
    url,
    project,
    branch,
    commit,
    liveCommit,
    imageTag,
    since,
    stages,
    phases: job?.phases ?? [],
    conditions,
    failure: failure && { ...failure, logTail: undefined },
    deployments,
    nextSteps,
    log: lastLines(log.length > 0 ? log : (failure?.logTail ?? [])),
    retryAfterSeconds: LOOK_AGAIN[state],
  };
  const elapsed = Math.floor((now - timeOf(since ?? '')) / 1000);
  return {
    ...lasting,
    elapsedSeconds: Number.isFinite(elapsed) ? Math.max(0, elapsed) : undefined,
    digest: digest(canonical(lasting), 16),
  };
}

function lastLines(log: readonly string[]): readonly string[] {
  return plainLines(redactLines(log.slice(-LOG_LINES)), LOG_LINE_MAX).slice(-LOG_LINES);
}
