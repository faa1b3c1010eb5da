/** Passes that decide nothing: the record cannot be understood, or AWS does not show what is. Both say so in the record. */
import type { Conditions } from '../model/conditions.ts';
import type { Config } from '../model/config.ts';
import type { EnvironmentState, StoredEnvironment } from '../model/environment.ts';
import { type Problem, summariseFaults, summariseUnknownProject, summariseUnobserved } from '../plan/summarise.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Result } from '../runtime/outcome.ts';
import type { EnvironmentStore } from '../store/port.ts';
import { saveFacts } from '../store/status-writer.ts';

export interface Aside {
  readonly config: Config;
  readonly store: EnvironmentStore;
  readonly clock: Clock;
  readonly onChanged: (sessionId: string) => void;
}

/** Left alone but for its conditions: what runs keeps running. */
export async function setAside(loop: Aside, record: StoredEnvironment): Promise<Result> {
  const { conditions, state } = asideOf(loop, record);
  await say(loop, record, conditions, state);
  return {};
}

/** What is said of a record that cannot be understood, or whose project is unknown. */
export function asideOf(
  { config, clock }: { readonly config: Pick<Config, 'projects'>; readonly clock: Clock },
  record: StoredEnvironment,
): { readonly conditions: Conditions; readonly state: EnvironmentState } {
  const before = record.status.conditions;
  const known = config.projects.map(({ name }) => name);
  const conditions = record.ok
    ? summariseUnknownProject(before, record.desired, known, clock.now())
    : summariseFaults(before, record.faults, clock.now());
  return { conditions, state: stateAside(record) };
}

/** What serves goes on serving, and what is stopped and not wanted has not failed. */
function stateAside(record: StoredEnvironment): EnvironmentState {
  const rests = record.state === 'STOPPED' && record.ok && !record.desired.wanted;
  return record.state === 'RUNNING' || rests ? record.state : 'FAILED';
}

export async function sayUnobserved(loop: Aside, record: StoredEnvironment, problem: Problem): Promise<void> {
  const conditions = summariseUnobserved(record.status.conditions, problem, loop.clock.now());
  await say(loop, record, conditions, record.state ?? 'PENDING');
}

async function say(
  loop: Aside,
  record: StoredEnvironment,
  conditions: Conditions,
  state: EnvironmentState,
): Promise<void> {
  if (conditions === record.status.conditions && state === record.state) return;
  const next = { ...record.status, conditions };
  const summary = { state, expiresAt: state === 'STOPPED' ? record.expiresAt : undefined };
  await saveFacts(loop.store, record.sessionId, record.status, { next, summary });
  loop.onChanged(record.sessionId);
}
