/** A target group that is not as it should be, row by row. */
import { expect, it, test } from 'vitest';
import { healthCheckOf } from '../../src/model/health-check.ts';
import type { Observed, ObservedTarget, ObservedTargetGroup } from '../../src/model/observed.ts';
import { planEnvironment } from '../../src/plan/environment.ts';
import {
  COMMIT,
  group,
  otherTask,
  passOver,
  report,
  rule,
  SESSION,
  settled,
  stepsOf,
  target,
  task,
  type World,
} from './world.ts';

const check = healthCheckOf({ healthPath: `/.mayfly/ready/${SESSION}`, healthIntervalSeconds: 5 });
const right: ObservedTargetGroup = { ...group, vpcId: 'vpc-1', port: 3001, healthCheck: check };
const wrongPath = { ...right, healthCheck: { ...check, path: '/health', matcher: '200-399' } };
const wrongVpc = { ...right, vpcId: 'vpc-2' };
const wrongPort = { ...right, port: 4000 };

const building = report({
  healthy: false,
  job: { commit: COMMIT, phase: 'build', startedAt: '' },
  liveCommit: undefined,
});
const at = (port: number, state: ObservedTarget['state'] = 'healthy'): ObservedTarget => ({ ...target(state), port });
const world = (observed: Partial<Observed>): World => ({
  ...settled(),
  observed: { ...settled().observed, targetGroup: right, ...observed },
});
const replacing = { tasks: [otherTask(), task()], targets: [target('healthy', '10.0.0.9')] };
const anew = ['delete-rule rule-1', 'delete-target-group', 'create-target-group', 'create-rule'];

type Row = [name: string, observed: Partial<Observed>, steps: readonly string[]];

// biome-ignore format: a drawn table reads by rows
const rows: Row[] = [
  ['nothing differs', {}, []],
  ['AWS shows nothing of it', { targetGroup: group }, []],
  ['AWS shows some of it', { targetGroup: { ...group, healthCheck: { path: check.path, matcher: undefined } } }, []],
  ['health check, serving', { targetGroup: wrongPath }, ['modify-target-group']],
  ['health check, so that nothing serves', { targetGroup: wrongPath, targets: [target('unhealthy')] }, ['set-weights 0/1', 'modify-target-group']],
  ['health check, and the rule is gone', { targetGroup: wrongPath, rules: [] }, ['modify-target-group', 'complete-target-group', 'create-rule']],
  ['VPC, serving', { targetGroup: wrongVpc }, []],
  ['VPC, serving as the load balancer says', { targetGroup: wrongVpc, targets: [target('healthy')] }, []],
  ['VPC, nothing serves', { targetGroup: wrongVpc, targets: [], rules: [rule(0)] }, anew],
  ['VPC, the rule is gone', { targetGroup: wrongVpc, rules: [] }, anew.slice(1)],
  ['VPC, a successor builds', { targetGroup: wrongVpc, ...replacing, control: { 'task-old': report(), 'task-1': building } }, []],
  ['VPC, a successor waits', { targetGroup: wrongVpc, ...replacing, control: { 'task-old': report(), 'task-1': report() } }, anew],
  ['port, serving', { targetGroup: wrongPort }, []],
  ['port, nothing serves', { targetGroup: wrongPort, targets: [], rules: [rule(0)] }, anew],
  ['target at another port serves', { targets: [at(4000)] }, ['register-target 10.0.0.1']],
  ['target at another port, the right one is being checked', { targets: [at(4000), at(3001, 'initial')] }, []],
  ['target at another port, the right one serves', { targets: [at(4000), at(3001)] }, ['deregister-target 10.0.0.1']],
  ['the port changed: what serves stays where it is', { ...replacing, targets: [{ ...target('healthy', '10.0.0.9'), port: 4000 }], control: { 'task-old': report(), 'task-1': building } }, []],
  ['target at another port drains', { targets: [at(4000, 'draining'), at(3001)] }, []],
  ['target taken out by hand', { targets: [] }, ['set-weights 0/1', 'register-target 10.0.0.1']],
];

test.each(rows)('%s', (_name, observed, steps) => {
  expect(stepsOf(world(observed))).toEqual(steps);
});

it('says what differs, and sets all of it', () => {
  const [step] = planEnvironment(passOver(world({ targetGroup: wrongPath }))).steps;
  expect(step).toMatchObject({ healthCheck: check, why: 'the health check differs in path, matcher' });
});

it('takes the rule back to its priority when both are made anew', () => {
  const { steps } = planEnvironment(
    passOver(world({ targetGroup: wrongVpc, targets: [], rules: [rule(0)], takenPriorities: [1234, 1235] })),
  );
  expect(steps.find(({ kind }) => kind === 'create-rule')).toMatchObject({ spec: { priority: 1234 } });
});
