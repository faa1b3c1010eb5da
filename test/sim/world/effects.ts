/** What was really made and unmade, by logical object: RELIABILITY's "counts". A call that changed nothing counts nothing. */
import type { Ecs } from '../../../src/local/aws/ecs/service.ts';
import type { Elbv2 } from '../../../src/local/aws/elbv2/elbv2.ts';
import type { Rule } from '../../../src/local/aws/elbv2/state.ts';

/** `task tt-one made`, `rule tt-one.preview.test unmade` … */
export type Effects = Map<string, number>;

type Objects = ReadonlyMap<string, string>;

const WATCHED: Readonly<Record<string, (parts: Parts) => Objects>> = {
  RunTask: ({ ecs }) => wantedTasks(ecs),
  StopTask: ({ ecs }) => wantedTasks(ecs),
  CreateRule: ({ elbv2 }) => rules(elbv2),
  DeleteRule: ({ elbv2 }) => rules(elbv2),
  CreateTargetGroup: ({ elbv2 }) => groups(elbv2),
  DeleteTargetGroup: ({ elbv2 }) => groups(elbv2),
};

export interface Parts {
  readonly ecs: Ecs;
  readonly elbv2: Elbv2;
}

/** Performs the operation and notes down what it made or unmade. */
export async function counted<T>(
  effects: Effects,
  parts: Parts,
  operation: string,
  perform: () => Promise<T>,
): Promise<T> {
  const look = WATCHED[operation];
  if (!look) return await perform();
  const before = look(parts);
  try {
    return await perform();
  } finally {
    const after = look(parts);
    note(effects, 'made', missingIn(before, after));
    note(effects, 'unmade', missingIn(after, before));
  }
}

function missingIn(these: Objects, those: Objects): readonly string[] {
  return [...those].filter(([arn]) => !these.has(arn)).map(([, name]) => name);
}

function note(effects: Effects, what: string, names: readonly string[]): void {
  for (const name of names) effects.set(`${name} ${what}`, (effects.get(`${name} ${what}`) ?? 0) + 1);
}

function wantedTasks({ state }: Ecs): Objects {
  const wanted = Object.values(state.tasks).filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
  return new Map(wanted.map(({ arn, group }) => [arn, `task ${group}`]));
}

function groups(elbv2: Elbv2): Objects {
  return new Map(elbv2.snapshot().targetGroups.map(({ arn, name }) => [arn, `group ${name}`]));
}

function rules(elbv2: Elbv2): Objects {
  return new Map(elbv2.snapshot().rules.map((rule) => [rule.arn, `rule ${hostOfRule(rule) ?? 'without a host'}`]));
}

export function hostOfRule({ conditions }: Rule): string | undefined {
  return conditions.find(({ field }) => field === 'host-header')?.values[0];
}
