/**
 * What the next pass of the loops would do, told and not done: the same look, the same planner, the same conditions.
 * Reads only.
 */
import { failed } from '../apply/outcome.ts';
import { AwsError } from '../aws/errors.ts';
import type { Config } from '../model/config.ts';
import type { Conditions } from '../model/conditions.ts';
import type { EnvironmentState, StoredEnvironment } from '../model/environment.ts';
import type { InstallationPause } from '../model/installation.ts';
import { projectOf } from '../model/project.ts';
import type { Step } from '../model/step.ts';
import type { PlanContext } from '../plan/context.ts';
import { type Plan, planEnvironment } from '../plan/environment.ts';
import { learn } from '../plan/learn.ts';
import { type OrphanPlan, planOrphans } from '../plan/orphans.ts';
import { pauseOf, type Problem, summarise, summariseUnobserved } from '../plan/summarise.ts';
import { asideOf } from './aside.ts';
import type { Needs } from './freshness.ts';
import { contextOf, lookAt, type Looking, stateIn, type Understood } from './look.ts';
import { lookForOrphans, type OrphanSight } from './orphans.ts';

export type Forecast =
  | (Told & {
      readonly kind: 'planned';
      readonly context: PlanContext;
      readonly plan: Plan;
      /** The pause that holds it, in words. */
      readonly paused?: string | undefined;
      /** What would be done if it were not paused; empty when it is not. */
      readonly held: readonly Step[];
    })
  /** The record cannot be understood, or names no project: left alone, as `Accepted` says. */
  | (Told & { readonly kind: 'aside' })
  /** AWS did not show what is, so that nothing is decided. */
  | (Told & { readonly kind: 'unobserved'; readonly problem: Problem });

interface Told {
  readonly sessionId: string;
  /** As the record names it, whether it is configured or not. */
  readonly project?: string | undefined;
  readonly state: EnvironmentState;
  readonly conditions: Conditions;
}

export interface ForecastOptions extends Looking {
  readonly config: Looking['config'] & Pick<Config, 'projects'>;
}

export async function forecast(
  options: ForecastOptions,
  record: StoredEnvironment,
  since: Needs['since'],
): Promise<Forecast> {
  const project = projectOf(options.config.projects, record);
  if (!record.ok || !project) {
    const named = record.ok ? record.desired.project : project?.name;
    return { kind: 'aside', sessionId: record.sessionId, project: named, ...asideOf(options, record) };
  }
  const told = { sessionId: record.sessionId, project: project.name };
  const subject = { record, project, status: record.status };
  const observed = await lookAt(options, subject, { since, lookAtHealth: true });
  if (observed instanceof AwsError) return { ...told, ...unobserved(options, record, observed) };
  return { ...told, ...planned(record, contextOf(options, subject, observed)) };
}

type Rest<Kind> = Omit<Extract<Forecast, { kind: Kind }>, 'sessionId' | 'project'>;

function unobserved({ clock }: Looking, { status, state }: Understood, error: AwsError): Rest<'unobserved'> {
  const { reason, message } = failed(error);
  const problem = { reason, message };
  const conditions = summariseUnobserved(status.conditions, problem, clock.now());
  return { kind: 'unobserved', problem, conditions, state: state ?? 'PENDING' };
}

function planned(record: Understood, seen: PlanContext): Rest<'planned'> {
  const context = { ...seen, status: learn(seen) };
  const plan = planEnvironment(context);
  const pause = pauseOf(context, record.desired);
  const conditions = summarise(context, record.desired, plan, undefined);
  const status = { ...context.status, conditions };
  const resumed = { ...context, pause: undefined, effective: { ...context.effective, paused: false } };
  return {
    kind: 'planned',
    context,
    plan,
    paused: pause?.message,
    held: pause ? planEnvironment(resumed).steps : [],
    conditions,
    state: stateIn({ ...context, status }),
  };
}

export interface OrphanForecast extends OrphanPlan {
  /** A cluster or listener could not be read, on which there may be more. */
  readonly trouble?: Problem | undefined;
}

/**
 * As if everything that is an orphan now had been one for the whole grace: which of it may go then, and what keeps the
 * rest. Only a running operator knows how long it really was; tasks that are themselves too young stay `young`.
 */
export async function forecastOrphans(
  sight: OrphanSight,
  pause: InstallationPause | undefined,
): Promise<OrphanForecast> {
  const { unread, ...input } = await lookForOrphans(sight);
  const seen = { ...input, paused: pause !== undefined };
  const names = planOrphans({ ...seen, memory: new Map() }).seen.keys();
  const since = seen.monotonic - seen.policy.orphanGraceMs;
  const plan = planOrphans({ ...seen, memory: new Map([...names].map((name) => [name, { since }])) });
  return { ...plan, trouble: troubleOf(unread) };
}

const MOST_MESSAGES = 3;

/** The reason of the first, and what is said of the first few. */
function troubleOf(unread: readonly AwsError[]): Problem | undefined {
  const [first] = unread;
  if (!first) return undefined;
  const messages = [...new Set(unread.map(({ message }) => message))];
  const more = messages.length > MOST_MESSAGES ? `; and ${messages.length - MOST_MESSAGES} more` : '';
  return { reason: failed(first).reason, message: `${messages.slice(0, MOST_MESSAGES).join('; ')}${more}` };
}
