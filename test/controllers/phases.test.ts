/** The container's phases on their way into the record, the comment and the metrics. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PhaseReport } from '../../src/model/observed.ts';
import { startProgressAtZero } from '../../src/controllers/progress.ts';
import { A, B, type ControllerWorld, labelled, makeControllerWorld } from './world.ts';

const MINUTE = 60_000;
const AT = '2030-01-01T00:00:00.000Z';
const ended = (phase: PhaseReport['phase'], seconds: number, outcome: PhaseReport['outcome'] = 'done') => ({
  phase,
  startedAt: AT,
  endedAt: new Date(Date.parse(AT) + seconds * 1_000).toISOString(),
  outcome,
});
const BUILDS: PhaseReport = { phase: 'build', startedAt: AT, outcome: 'running' };

let world: ControllerWorld;
beforeEach(async () => {
  world = await makeControllerWorld();
});
afterEach(() => world.close());

/** `phase outcome` with how often it was observed; those never observed are left out. */
async function observed(): Promise<Record<string, number>> {
  const { values } = await world.local.metrics.containerPhaseSeconds.get();
  const counts = values.filter(({ metricName, value }) => metricName?.endsWith('_count') && value > 0);
  return Object.fromEntries(counts.map(({ labels, value }) => [`${labels.phase} ${labels.outcome}`, value]));
}

async function starting(): Promise<void> {
  world.supervisors.builds.set(A, 'slow');
  world.supervisors.phases = [ended('fetch', 0.3), BUILDS];
  world.edit(labelled());
  await world.run(MINUTE);
}

describe('the phases of a start', () => {
  it('are in the record while it runs, and written once', async () => {
    await starting();
    expect((await world.status()).job).toMatchObject({
      outcome: 'running',
      phases: [
        { phase: 'fetch', ms: 300, outcome: 'done' },
        { phase: 'build', outcome: 'running' },
      ],
    });
    world.changed.length = 0;
    await world.run(MINUTE);
    expect(world.changed).toEqual([]);
  });

  it('are measured once each, whatever comes between', async () => {
    await starting();
    expect(await observed()).toEqual({ 'fetch done': 1 });
    world.restart();
    await world.run(MINUTE);
    expect(await observed()).toEqual({ 'fetch done': 1 });
    world.supervisors.phases = [ended('fetch', 0.3), ended('build', 12), ended('start', 1)];
    world.supervisors.finish();
    await world.run(MINUTE);
    expect(await observed()).toEqual({ 'fetch done': 1, 'build done': 1, 'start done': 1 });
    expect((await world.status()).job?.outcome).toBe('done');
  });

  it('of the next job are measured anew, failures by their outcome', async () => {
    await starting();
    world.supervisors.phases = [ended('fetch', 0.3), ended('build', 12)];
    world.supervisors.finish();
    await world.run(MINUTE);
    world.supervisors.builds.set(B, 'fails');
    const later = '2030-01-01T01:00:00.000Z';
    world.supervisors.phases = [{ phase: 'build', startedAt: later, endedAt: later, outcome: 'failed' }];
    world.edit({ commit: B });
    await world.run(MINUTE);
    expect(await observed()).toEqual({ 'fetch done': 1, 'build done': 1, 'build failed': 1 });
    expect(await world.condition('UpToDate')).toBe('False: UpdateFailed');
  });
});

describe('the metric', () => {
  it('has every series from the start', async () => {
    startProgressAtZero(world.local.metrics, []);
    const { values } = await world.local.metrics.containerPhaseSeconds.get();
    const series = values.filter(({ metricName }) => metricName?.endsWith('_count'));
    expect(series).toHaveLength(18);
    expect(series.every(({ value }) => value === 0)).toBe(true);
  });
});
