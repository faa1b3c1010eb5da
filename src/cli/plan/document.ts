/** What `mayfly plan` found, as data: printed as it is with `-o json`, and in words otherwise. Documented in the README. */
import type { Forecast, OrphanForecast } from '../../controllers/forecast.ts';
import { heldText } from '../../controllers/orphans.ts';
import type { Conditions } from '../../model/conditions.ts';
import type { EnvironmentState } from '../../model/environment.ts';
import { type InstallationPause, pauseText } from '../../model/installation.ts';
import type { ObservedRule } from '../../model/observed.ts';
import type { Step } from '../../model/step.ts';
import type { Held, Orphan } from '../../plan/orphans.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { tellStep, type ToldStep } from './steps.ts';

/** Why nothing is decided: a reason of the closed list, and its message. */
export interface Trouble {
  readonly reason: string;
  readonly message: string;
}

export interface EnvironmentEntry {
  readonly sessionId: string;
  readonly project: string | null;
  readonly state: EnvironmentState;
  /** Nothing to do, and nothing under way. */
  readonly settled: boolean;
  readonly steps: readonly ToldStep[];
  /** The pause that holds it, and the steps that wait for its end. */
  readonly paused: string | null;
  readonly held: readonly ToldStep[];
  /** The record cannot be understood, or AWS did not show what is: the environment is left alone. */
  readonly trouble: Trouble | null;
  readonly conditions: Conditions;
}

export interface OrphanEntry {
  /** Of its target group, whether there is one or not. */
  readonly name: string;
  readonly sessionId: string | null;
  /** ARNs. They are stopped when the route is gone, and requests in flight had their time. */
  readonly tasks: readonly string[];
  readonly steps: readonly ToldStep[];
  /** Why it is left alone. */
  readonly why: string | null;
}

export interface OrphansEntry {
  /** Taken away once they have been orphans for `graceSeconds`. */
  readonly collect: readonly OrphanEntry[];
  readonly young: readonly OrphanEntry[];
  readonly blocked: readonly OrphanEntry[];
  readonly graceSeconds: number;
  readonly held: (Held & { readonly message: string }) | null;
  /** They, or some of them, could not be seen. */
  readonly trouble: Trouble | null;
}

export interface Summary {
  readonly environments: number;
  readonly toChange: number;
  readonly steps: number;
  readonly underWay: number;
  readonly settled: number;
  readonly paused: number;
  readonly notUnderstood: number;
  readonly notSeen: number;
  readonly orphans: number;
  /** Orphans that the guard keeps: none of them is among `orphans`. */
  readonly orphansHeld: number;
}

export interface PlanDocument {
  /** The pause of the whole installation. */
  readonly paused: string | null;
  readonly environments: readonly EnvironmentEntry[];
  /** Null when one environment was asked for. */
  readonly orphans: OrphansEntry | null;
  readonly summary: Summary;
}

export interface Found {
  readonly forecasts: readonly Forecast[];
  readonly orphans: OrphansEntry | null;
  readonly pause: InstallationPause | undefined;
}

export function documentOf({ forecasts, orphans, pause }: Found): PlanDocument {
  const paused = pause ? pauseText(pause) : null;
  const environments = forecasts.map(entryOf).toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
  return { paused, environments, orphans, summary: summaryOf(environments, orphans) };
}

function entryOf(forecast: Forecast): EnvironmentEntry {
  const { sessionId, project, state, conditions } = forecast;
  const named = { sessionId, project: project ?? null, state };
  const nothing = { steps: [], paused: null, held: [] };
  switch (forecast.kind) {
    case 'unobserved':
      return { ...named, settled: false, ...nothing, trouble: forecast.problem, conditions };
    case 'aside':
      return { ...named, settled: true, ...nothing, trouble: troubleOf(conditions), conditions };
    case 'planned': {
      const { context, plan, paused, held } = forecast;
      const tell = teller(context.observed.rules);
      const told = { steps: tell(plan.steps), paused: paused ?? null, held: tell(held) };
      return { ...named, settled: plan.settled, ...told, trouble: null, conditions };
    }
  }
}

function troubleOf({ Accepted }: Conditions): Trouble | null {
  return Accepted ? { reason: Accepted.reason, message: Accepted.message } : null;
}

function teller(rules: readonly ObservedRule[]): (steps: readonly Step[]) => readonly ToldStep[] {
  return (steps) => steps.map((step) => tellStep(step, rules));
}

export function orphansOf(plan: OrphanForecast, graceMs: number): OrphansEntry {
  return {
    collect: plan.collect.map(({ steps, ...orphan }) => orphanOf(orphan, { steps })),
    young: plan.young.map((orphan) => orphanOf(orphan, {})),
    blocked: plan.blocked.map(({ why, ...orphan }) => orphanOf(orphan, { why })),
    graceSeconds: graceMs / 1_000,
    held: plan.held ? { ...plan.held, message: heldText(plan.held) } : null,
    trouble: plan.trouble ?? null,
  };
}

/** They could not be looked for. */
export function orphansUnseen(trouble: Trouble, graceMs: number): OrphansEntry {
  return { collect: [], young: [], blocked: [], graceSeconds: graceMs / 1_000, held: null, trouble };
}

interface Fate {
  readonly steps?: readonly Step[];
  readonly why?: string;
}

function orphanOf({ name, session, rules, tasks }: Orphan, { steps = [], why }: Fate): OrphanEntry {
  const arns = tasks.map(({ task }) => task.arn);
  return { name, sessionId: session ?? null, tasks: arns, steps: teller(rules)(steps), why: why ?? null };
}

/** In what way an environment counts; every one counts once. */
export type Standing = 'toChange' | 'paused' | 'notUnderstood' | 'notSeen' | 'settled' | 'underWay';

export function standingOf({ trouble, settled, steps, paused }: EnvironmentEntry): Standing {
  if (trouble) return settled ? 'notUnderstood' : 'notSeen';
  if (paused !== null) return 'paused';
  if (steps.length > 0) return 'toChange';
  return settled ? 'settled' : 'underWay';
}

function summaryOf(environments: readonly EnvironmentEntry[], orphans: OrphansEntry | null): Summary {
  const count = (standing: Standing): number => environments.filter((one) => standingOf(one) === standing).length;
  const parts = [...environments, ...(orphans?.collect ?? [])];
  return {
    environments: environments.length,
    toChange: count('toChange'),
    steps: parts.reduce((sum, { steps }) => sum + steps.length, 0),
    underWay: count('underWay'),
    settled: count('settled'),
    paused: count('paused'),
    notUnderstood: count('notUnderstood'),
    notSeen: count('notSeen'),
    orphans: orphans?.collect.length ?? 0,
    orphansHeld: orphans?.held?.count ?? 0,
  };
}

/** What could not be seen might need a step: such a plan is not whole. */
export function exitCodeOf({ summary, orphans }: PlanDocument): ExitCode {
  if (summary.notSeen > 0 || orphans?.trouble) return EXIT.error;
  return summary.steps > 0 ? EXIT.toDo : EXIT.ok;
}
