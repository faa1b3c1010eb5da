/** The shortcut of the simulation, calls of AWS without codecs, against the same run through the SDK's own clients. */
import { expect, it } from 'vitest';
import { runScenario } from './run.ts';
import { SCENARIOS } from './scenarios/scenarios.ts';

async function told(name: string, overTheWire: boolean): Promise<{ calls: readonly string[]; end: unknown }> {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (!scenario) throw new Error(`no scenario ${name}`);
  const calls: string[] = [];
  const { end, violations } = await runScenario(scenario, {
    seed: 3,
    overTheWire,
    onCall: ({ at, process, operation, about, outcome, error = '' }) =>
      void calls.push(`${at} ${process} ${operation} ${about} ${outcome} ${error}`),
  });
  expect(violations).toEqual([]);
  return { calls, end };
}

it.each(['relabel', 'out-of-band', 'capacity'])(
  '%s: every call, its time and its outcome are the same',
  async (name) => {
    const direct = await told(name, false);
    const wire = await told(name, true);
    expect(wire.calls).toEqual(direct.calls);
    expect(wire.end).toEqual(direct.end);
  },
);
