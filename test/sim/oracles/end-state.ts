/**
 * What a run has come to, without ids and times: two runs to the same desired state must give the same (RELIABILITY
 * "path independence", and Sieve's comparison with an undisturbed run).
 */
import { actualOf, registered, shareOf, weightOf } from '../world/actual.ts';
import { hostOfRule } from '../world/effects.ts';
import type { World } from '../world/world.ts';

export type EndState = Readonly<Record<string, unknown>>;

export async function endStateOf(world: World): Promise<EndState> {
  const actual = actualOf(world);
  const records = await world.store.list();
  const sessions = records.map((record) => {
    const { conditions, liveCommit, failure, updateFailure } = record.status;
    const share = shareOf(actual, record.sessionId);
    const desired = record.ok && {
      wanted: record.desired.wanted,
      branch: record.desired.branch,
      commit: record.desired.commit,
      imageTag: record.desired.imageTag,
      override: record.desired.override,
      sources: Object.entries(record.desired.sources).map(([key, source]) => [key, source?.wanted, source?.open]),
    };
    const told = Object.entries(conditions).map(([type, { status, reason }]) => `${type}=${status} ${reason}`);
    const status = {
      told: told.toSorted(),
      liveCommit,
      // One that is over is remembered for ten minutes after.
      failure: record.state === 'RUNNING' ? undefined : failure?.reason,
      updateFailure: updateFailure?.reason,
    };
    return [record.sessionId, { ok: record.ok, state: record.state, desired, status, ...shown(world, share) }] as const;
  });
  const comments = world.github.pulls().map(({ number }) => `#${number}: ${world.github.comments(number).length}`);
  return { ...Object.fromEntries(sessions), comments };
}

function shown(world: World, { tasks, groups, rules }: ReturnType<typeof actualOf>) {
  return {
    tasks: tasks.map(({ definitionArn, family, cpu, memory, lastStatus }) => ({
      // Registering is not idempotent: a call that is done twice or late makes another revision of the same.
      definition: family.startsWith('mayfly-') ? family : definitionArn,
      cpu,
      memory,
      lastStatus,
    })),
    groups: groups.map(({ name, healthCheck, deregistrationDelaySeconds: delay, targets }) => ({
      name,
      healthCheck,
      delay,
      targets: targets.length,
      registered: registered({ targets } as Parameters<typeof registered>[0]).length,
    })),
    rules: rules.map((rule) => ({
      host: hostOfRule(rule),
      weights: [...groups.map(({ arn }) => weightOf(rule, arn)), weightOf(rule, world.aws.frontDoorArn)],
    })),
  };
}
