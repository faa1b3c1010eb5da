/**
 * One look at an environment, and what is to be decided on: the same for a pass of the loop and for a command that only
 * tells what a pass would do. Reads only.
 */
import { AwsError } from '../aws/errors.ts';
import type { Config } from '../model/config.ts';
import type { EnvironmentState, Status, StoredEnvironment } from '../model/environment.ts';
import type { InstallationPause } from '../model/installation.ts';
import type { Observed } from '../model/observed.ts';
import type { Project } from '../model/project.ts';
import type { Observer } from '../observe/environment.ts';
import type { PlanContext } from '../plan/context.ts';
import { type Effective, effective } from '../plan/effective.ts';
import { blocker, stateOf } from '../plan/summarise.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Needs } from './freshness.ts';

export interface Looking {
  readonly config: Pick<Config, 'installation' | 'policy' | 'intervals'>;
  readonly publicKey: string;
  readonly observer: Observer;
  readonly clock: Clock;
  /**
   * The pause of the whole installation, when one is in force: everything is observed and told, nothing changed. Throws
   * `WaitingError` while that is not known.
   */
  readonly pause: () => InstallationPause | undefined;
}

/** A record that is understood. */
export type Understood = Extract<StoredEnvironment, { ok: true }>;

export interface Subject {
  readonly record: Understood;
  readonly project: Project;
  /** As known so far: the record's, and what was learned since it was read. */
  readonly status: Status;
}

/** AWS not showing what is, is an answer; everything else that fails is thrown. */
export async function lookAt(looking: Looking, subject: Subject, needs: Needs): Promise<Observed | AwsError> {
  const { record, project, status } = subject;
  const { desired, sessionId } = record;
  const wish = wishOf(looking, subject, freshHead(status, looking));
  const observing = looking.observer.observe({
    sessionId,
    project,
    wanted: wish.wanted,
    imageTag: wish.imageTag,
    commit: wish.commit,
    branch: wish.branch,
    repo: desired.repo,
    status,
    ...needs,
  });
  return await observing.catch((error: unknown) => {
    if (error instanceof AwsError) return error;
    throw error;
  });
}

function wishOf(
  { clock }: Looking,
  { record, project }: Subject,
  head: Parameters<typeof effective>[0]['head'],
): Effective {
  return effective({ desired: record.desired, project, head, now: clock.now() });
}

/** A head that was resolved a moment ago is not asked for again. */
function freshHead({ head }: Status, { config, clock }: Looking): Status['head'] {
  return head && clock.now() - Date.parse(head.at) < config.intervals.resyncMs ? head : undefined;
}

export function contextOf(looking: Looking, subject: Subject, observed: Observed): PlanContext {
  const { config, publicKey, clock, pause } = looking;
  const { record, project, status } = subject;
  const head = observed.head?.ok ? observed.head : status.head;
  return {
    installation: config.installation,
    publicKey,
    sessionId: record.sessionId,
    repo: record.desired.repo,
    project,
    effective: wishOf(looking, subject, head),
    status,
    observed,
    policy: config.policy,
    pause: pause(),
    now: clock.now(),
  };
}

/** `context.status` carries the conditions of this look. */
export function stateIn(context: PlanContext): EnvironmentState {
  const { wanted } = context.effective;
  return stateOf(context.status, wanted, wanted && blocker(context) !== undefined);
}
