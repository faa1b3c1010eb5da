/** The fleet as one number for each project and state. */
import type { EnvironmentState, StoredEnvironment } from '../model/environment.ts';
import type { Project } from '../model/project.ts';
import type { Metrics } from '../telemetry/metrics.ts';

const STATES: readonly EnvironmentState[] = [
  'PENDING',
  'STARTING',
  'RUNNING',
  'SLEEPING',
  'STOPPING',
  'STOPPED',
  'FAILED',
];

/** Every project and state has its series, also at zero; records of unknown projects count under `unknown`. */
export function countEnvironments(
  metrics: Metrics,
  projects: readonly Project[],
  records: readonly StoredEnvironment[],
): void {
  const names = [...projects.map(({ name }) => name), 'unknown'];
  for (const project of names) for (const state of STATES) metrics.environments.set({ project, state }, 0);
  for (const record of records) {
    const named = record.ok ? record.desired.project : 'unknown';
    metrics.environments.inc({ project: names.includes(named) ? named : 'unknown', state: record.state ?? 'PENDING' });
  }
}
