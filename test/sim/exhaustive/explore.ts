/** Learns a scenario's calls, makes its plans, and runs them. */
import type { Violation } from '../oracles/oracle.ts';
import { type RunOptions, runScenario, type RunResult } from '../run.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { SCENARIOS } from '../scenarios/scenarios.ts';
import { compare } from './compare.ts';
import type { Plan } from './plan.ts';
import { learn, type Learned, type Made, plansFor } from './plans.ts';
import { blindnessOf, strikeOf } from './strike.ts';

export interface Explored extends Made {
  readonly undisturbed: RunResult;
}

export interface PlanResult {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly virtualMs: number;
}

export function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (!found) throw new Error(`scenario: found "${name}", allowed: ${SCENARIOS.map((each) => each.name).join(', ')}`);
  return found;
}

const undisturbedRuns = new Map<string, Promise<Explored>>();

/** The undisturbed run, made once. */
export function explore(name: string, seed: number): Promise<Explored> {
  const key = `${name} ${seed}`;
  const run = undisturbedRuns.get(key) ?? learnFrom(scenarioOf(name), seed);
  undisturbedRuns.set(key, run);
  return run;
}

async function learnFrom(scenario: Scenario, seed: number): Promise<Explored> {
  const calls: Learned[] = [];
  const undisturbed = await runScenario(scenario, { seed, onCall: (call) => void calls.push(learn(call)) });
  const ordered = calls.toSorted((a, b) => a.at - b.at || a.index - b.index);
  return { undisturbed, ...plansFor(scenario.name, seed, ordered, undisturbed.matchedAt) };
}

export async function runPlan(plan: Plan, listeners: Pick<RunOptions, 'onCall' | 'onLine'> = {}): Promise<PlanResult> {
  const { undisturbed } = await explore(plan.scenario, plan.seed);
  const scenario = scenarioOf(plan.scenario);
  const strike = strikeOf(plan);
  const afterCrash = plan.strike.endsWith('-handover') ? 'handover' : 'restart';
  const struck = await runScenario(scenario, {
    seed: plan.seed,
    weather: strike,
    afterCrash,
    blindMs: blindnessOf(plan),
    ...listeners,
  });
  const missed: readonly Violation[] = strike.struck()
    ? []
    : [{ oracle: 'path', at: 0, text: 'the call that the plan strikes was never made' }];
  const violations = [...missed, ...struck.violations, ...compare(undisturbed, struck, { plan, scenario })];
  return { plan, violations, virtualMs: struck.virtualMs };
}
