import { describe, expect, it } from 'vitest';
import { countEnvironments } from '../../src/controllers/fleet.ts';
import { EMPTY_STATUS, type EnvironmentState, type StoredEnvironment } from '../../src/model/environment.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { desired, project } from '../plan/world.ts';

const record = (name: string, state?: EnvironmentState): StoredEnvironment => ({
  sessionId: 's',
  ok: true,
  desired: { ...desired, project: name },
  status: EMPTY_STATUS,
  state,
});
const broken: StoredEnvironment = { sessionId: 's', ok: false, faults: [], status: EMPTY_STATUS, state: 'FAILED' };

async function counted(
  records: readonly StoredEnvironment[],
  metrics = makeMetrics(),
): Promise<Record<string, number>> {
  countEnvironments(metrics, [project, { ...project, name: 'api' }], records);
  const { values } = await metrics.environments.get();
  return Object.fromEntries(values.map(({ labels, value }) => [`${labels.project} ${labels.state}`, value]));
}
const some = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0));

describe('the fleet', () => {
  it('has a series at zero for every project and state, and for records of no project', async () => {
    const counts = await counted([]);
    expect(Object.keys(counts)).toHaveLength(3 * 7);
    expect(some(counts)).toEqual({});
    expect(counts).toHaveProperty(['unknown SLEEPING'], 0);
  });

  it('is counted by project and state', async () => {
    const records = [record('web', 'RUNNING'), record('web', 'RUNNING'), record('api', 'FAILED'), record('web')];
    expect(some(await counted(records))).toEqual({ 'web RUNNING': 2, 'api FAILED': 1, 'web PENDING': 1 });
  });

  it('counts what cannot be understood, or names no project of ours, under one label', async () => {
    expect(some(await counted([broken, record('gone', 'STOPPED')]))).toEqual({
      'unknown FAILED': 1,
      'unknown STOPPED': 1,
    });
  });

  it('is counted anew each time', async () => {
    const metrics = makeMetrics();
    await counted([record('web', 'STARTING')], metrics);
    expect(some(await counted([record('web', 'RUNNING')], metrics))).toEqual({ 'web RUNNING': 1 });
  });
});
