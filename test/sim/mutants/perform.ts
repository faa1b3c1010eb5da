/** Makes one run, as its `how` says, and tells what the oracles found. */
import { compare } from '../exhaustive/compare.ts';
import { learn, type Learned } from '../exhaustive/plans.ts';
import type { Plan } from '../exhaustive/plan.ts';
import { strikeOf } from '../exhaustive/strike.ts';
import type { Violation } from '../oracles/oracle.ts';
import { runScenario, type RunResult } from '../run.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { SCENARIOS } from '../scenarios/scenarios.ts';
import type { How, StrikeAt } from './mutant.ts';
import { OWN_SCENARIOS } from './scenarios.ts';

/** Throws when there is no such scenario, or when the call to strike is never made. */
export async function perform(how: How): Promise<readonly Violation[]> {
  const { seed = 1, strike, beside } = how;
  const scenario = scenarioOf(how.scenario);
  const calls: Learned[] = [];
  const undisturbed = await runScenario(scenario, { seed, onCall: (call) => void calls.push(learn(call)) });
  if (strike) return await performStruck({ scenario, seed, undisturbed, calls, strike });
  if (beside === undefined) return undisturbed.violations;
  const other = await runScenario(scenarioOf(beside), { seed });
  return [...undisturbed.violations, ...compare(other, undisturbed, { plan: NO_PLAN, scenario: {} })];
}

interface Struck {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly undisturbed: RunResult;
  readonly calls: readonly Learned[];
  readonly strike: StrikeAt;
}

async function performStruck({
  scenario,
  seed,
  undisturbed,
  calls,
  strike: at,
}: Struck): Promise<readonly Violation[]> {
  const { process, index: call } = nth(calls, at);
  const { operation, strike } = at;
  const plan: Plan = { scenario: scenario.name, seed, process, call, operation, strike };
  const afterCrash = strike.endsWith('-handover') ? 'handover' : 'restart';
  const struck = await runScenario(scenario, { seed, weather: strikeOf(plan), afterCrash });
  const judged = at.exact ? NO_PLAN : plan;
  return [...struck.violations, ...compare(undisturbed, struck, { plan: judged, scenario })];
}

/** Of a strike that allows for nothing. */
const NO_PLAN: Plan = { scenario: '', seed: 0, process: '', call: 0, operation: '', strike: 'lost' };

export function scenarioOf(name: string): Scenario {
  const found = [...SCENARIOS, ...OWN_SCENARIOS].find((scenario) => scenario.name === name);
  if (!found) throw new Error(`there is no scenario "${name}"`);
  return found;
}

function nth(calls: readonly Learned[], { operation, nth: number }: StrikeAt): Learned {
  const found = calls.filter((call) => call.operation === operation).toSorted((a, b) => a.at - b.at);
  const call = found[number - 1];
  if (!call) throw new Error(`${operation} is called ${found.length} times, and call ${number} is to be struck`);
  return call;
}
