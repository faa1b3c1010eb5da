/**
 * The scenario that `npm run demo -- --check` runs and that the end-to-end tests hold: what a person would try, in
 * order, each step ending only when the world is as it should be.
 */
import { DescribeTasksCommand, ListTasksCommand } from '@aws-sdk/client-ecs';
import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteRuleCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { CLUSTER, TABLE } from './provision.ts';
import type { EnvironmentReport, Stack } from './stack.ts';
import { until } from './until.ts';
import { type Visit, visit, watchForFailures } from './visit.ts';

/** A repository with three branches that are a pull request each, and what is known of them. */
export interface ScenarioApp {
  readonly first: string;
  readonly second: string;
  readonly broken: string;
  /** Text that the page of a branch shows. */
  expects(branch: string): string;
  /** What the compiler says of the broken branch. */
  readonly compilerMessage: RegExp;
  /** Commits a visible change; resolves to the commit and the text that the page shows then. */
  change(branch: string): Promise<{ readonly sha: string; readonly text: string }>;
  /** Commits a repair of the broken branch. */
  repair(branch: string): Promise<{ readonly sha: string; readonly text: string }>;
}

export interface Scenario {
  readonly stack: Stack;
  readonly app: ScenarioApp;
}

export interface ScenarioStep {
  readonly name: string;
  run(scenario: Scenario): Promise<void>;
}

const START_MS = 120_000;
const STOP_MS = 60_000;

export const SCENARIO: readonly ScenarioStep[] = [
  { name: 'a label brings the waiting page at once', run: waitingPage },
  { name: 'then the branch itself, and a comment with URL and commit', run: firstServes },
  { name: 'a second branch runs beside it', run: secondServes },
  { name: 'a push goes live without a failed request', run: pushSwitches },
  { name: 'another image replaces it without a failed request', run: relabelReplaces },
  { name: 'a rule deleted by hand comes back', run: ruleComesBack },
  { name: 'the operator killed during a start: exactly one task comes up', run: killedOperatorAdopts },
  { name: 'a failing build is reported, and a push repairs it', run: failingBuild },
  { name: 'unlabelled and closed: everything is gone', run: everythingGone },
  { name: 'a hand edit stops an environment, and holds until it is undone', run: handEditHolds },
];

async function waitingPage({ stack, app }: Scenario): Promise<void> {
  await label(stack, app.first, 'uat');
  // Once the webhook is answered the record is there; whoever looks before that is told that there is nothing yet.
  await stack.github.idle();
  const page = await until('the waiting page answers', () => asWaiting(stack, app.first), 5_000);
  expect(page.headers['retry-after'] !== undefined, 'the waiting page has no Retry-After');
  const json = await visit({ ...target(stack, app.first), accept: 'application/json' });
  if (json.status === 503) expect(JSON.parse(json.body) !== null, 'the waiting page has no JSON');
}

async function asWaiting(stack: Stack, branch: string): Promise<Visit | undefined> {
  const page = await visit(target(stack, branch));
  return page.status === 503 && page.headers['x-mayfly-front-door'] !== undefined ? page : undefined;
}

async function firstServes({ stack, app }: Scenario): Promise<void> {
  await serves(stack, app.first, app.expects(app.first));
  const pull = await stack.github.pull(app.first);
  const url = `http://${hostOf(stack, app.first)}:${stack.ports.balancer}`;
  await commentSays(stack, pull.number, [url, pull.commit.slice(0, 7)]);
}

async function secondServes({ stack, app }: Scenario): Promise<void> {
  await label(stack, app.second, 'uat');
  await serves(stack, app.second, app.expects(app.second));
  await serves(stack, app.first, app.expects(app.first));
}

async function pushSwitches({ stack, app }: Scenario): Promise<void> {
  await noFailedRequest(stack, app.first, async () => {
    const { text } = await app.change(app.first);
    await serves(stack, app.first, text);
  });
}

async function relabelReplaces({ stack, app }: Scenario): Promise<void> {
  const before = await taskOf(stack, app.second);
  await noFailedRequest(stack, app.second, async () => {
    const { number } = await stack.github.pull(app.second);
    await stack.github.addLabel(number, 'uat-staging');
    await stack.github.removeLabel(number, 'uat');
    await until(
      'one task of the other image runs',
      async () => {
        const tasks = await tasksOf(stack, app.second);
        const [only] = tasks;
        return tasks.length === 1 && only !== undefined && only.taskDefinitionArn !== before.taskDefinitionArn;
      },
      START_MS,
    );
    await serves(stack, app.second, app.expects(app.second));
  });
}

async function ruleComesBack({ stack, app }: Scenario): Promise<void> {
  const [rule] = await rulesOf(stack, app.first);
  expect(rule !== undefined, 'there is no rule to delete');
  await stack.aws.elbv2.send(new DeleteRuleCommand({ RuleArn: rule?.RuleArn }));
  await until(
    'a new rule serves the host',
    async () => {
      const [again] = await rulesOf(stack, app.first);
      return (
        again !== undefined && again.RuleArn !== rule?.RuleArn && (await visit(target(stack, app.first))).status === 200
      );
    },
    STOP_MS,
  );
}

async function killedOperatorAdopts({ stack, app }: Scenario): Promise<void> {
  const { number } = await stack.github.pull(app.first);
  await stack.github.removeLabel(number, 'uat');
  await stopped(stack, app.first);
  await stack.github.addLabel(number, 'uat');
  await until('a task is on its way', async () => (await tasksOf(stack, app.first)).length === 1, 10_000);
  await stack.stopOperator('SIGKILL');
  const [begun] = await tasksOf(stack, app.first);
  await stack.startOperator();
  await until('the environment serves', async () => (await visit(target(stack, app.first))).status === 200, START_MS);
  const tasks = await tasksOf(stack, app.first);
  expect(
    tasks.length === 1 && tasks[0]?.taskArn === begun?.taskArn,
    `expected the one task ${begun?.taskArn}, found ${tasks.map(({ taskArn }) => taskArn).join(', ')}`,
  );
}

async function failingBuild({ stack, app }: Scenario): Promise<void> {
  const { number } = await stack.github.pull(app.broken);
  await stack.github.addLabel(number, 'uat');
  await until(
    'the environment has failed',
    async () => (await reportOf(stack, app.broken))?.state === 'FAILED',
    START_MS,
  );
  await commentSays(stack, number, [app.compilerMessage]);
  await serves(stack, app.second, app.expects(app.second));
  const { text } = await app.repair(app.broken);
  await serves(stack, app.broken, text);
}

async function everythingGone({ stack, app }: Scenario): Promise<void> {
  const [first, second] = [await stack.github.pull(app.first), await stack.github.pull(app.second)];
  await stack.github.removeLabel(first.number, 'uat');
  await stack.github.closePull(second.number);
  for (const branch of [app.first, app.second]) {
    await stopped(stack, branch);
    const page = await visit(target(stack, branch));
    expect(page.status === 503 && /stopped/i.test(page.body), `the page of ${branch} does not say that it is stopped`);
  }
}

async function handEditHolds({ stack, app }: Scenario): Promise<void> {
  const { number } = await stack.github.pull(app.broken);
  await setWanted(stack, app.broken, false);
  await stopped(stack, app.broken);
  await stack.github.redeliver({ event: 'pull_request' });
  await stack.github.comment(number, 'Why is it gone?');
  await staysStopped(stack, app.broken, 3_000);
  await setWanted(stack, app.broken, true);
  await until('the environment is back', async () => (await visit(target(stack, app.broken))).status === 200, START_MS);
}

// What the steps are made of.

export async function label(stack: Stack, branch: string, name: string): Promise<void> {
  const { number } = await stack.github.pull(branch);
  await stack.github.addLabel(number, name);
}

function sessionOf(stack: Stack, branch: string): string {
  return `${stack.prefix}-${branch}`;
}

function hostOf(stack: Stack, branch: string): string {
  return `${sessionOf(stack, branch)}.localhost`;
}

function target(stack: Stack, branch: string): { readonly port: number; readonly host: string } {
  return { port: stack.ports.balancer, host: hostOf(stack, branch) };
}

async function serves(stack: Stack, branch: string, text: string): Promise<void> {
  await until(
    `${branch} shows "${text}"`,
    async () => {
      return (await pageOf(stack, branch))?.includes(text);
    },
    START_MS,
  );
}

/** The page with the scripts and styles that it names, as a browser would load it; undefined unless all answer 200. */
async function pageOf(stack: Stack, branch: string): Promise<string | undefined> {
  const page = await visit(target(stack, branch));
  const assets = [...page.body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '/']) => path);
  const parts = [page, ...(await Promise.all(assets.map((path) => visit({ ...target(stack, branch), path }))))];
  return parts.every(({ status }) => status === 200) ? parts.map(({ body }) => body).join('\n') : undefined;
}

async function commentSays(stack: Stack, number: number, parts: readonly (string | RegExp)[]): Promise<void> {
  await until(
    `a comment on #${number} says ${parts.join(' and ')}`,
    async () => {
      const comments = await stack.github.comments(number);
      return comments.some(({ body }) =>
        parts.every((part) => (typeof part === 'string' ? body.includes(part) : part.test(body))),
      );
    },
    20_000,
  );
}

async function noFailedRequest(stack: Stack, branch: string, change: () => Promise<void>): Promise<void> {
  const watch = watchForFailures(target(stack, branch));
  let outcome: Awaited<ReturnType<typeof watch.stop>>;
  try {
    await change();
  } finally {
    outcome = await watch.stop();
  }
  expect(
    outcome.failures.length === 0,
    `${outcome.failures.length} of ${outcome.requests} requests failed: ${outcome.failures.slice(0, 3).join('; ')}`,
  );
}

async function reportOf(stack: Stack, branch: string): Promise<EnvironmentReport | undefined> {
  return (await stack.environments()).find(({ sessionId }) => sessionId === sessionOf(stack, branch));
}

export async function tasksOf(stack: Stack, branch: string) {
  const { taskArns = [] } = await stack.aws.ecs.send(new ListTasksCommand({ cluster: CLUSTER }));
  if (taskArns.length === 0) return [];
  const { tasks = [] } = await stack.aws.ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: taskArns }));
  return tasks.filter(({ group, lastStatus }) => group === sessionOf(stack, branch) && lastStatus !== 'STOPPED');
}

async function taskOf(stack: Stack, branch: string) {
  const [task, ...others] = await tasksOf(stack, branch);
  if (!task || others.length > 0)
    throw new Error(`expected one task of ${branch}, found ${others.length + (task ? 1 : 0)}`);
  return task;
}

export async function rulesOf(stack: Stack, branch: string) {
  const { Rules = [] } = await stack.aws.elbv2.send(
    new DescribeRulesCommand({ ListenerArn: stack.provisioned.listenerArn }),
  );
  return Rules.filter(({ Conditions = [] }) =>
    Conditions.some(({ HostHeaderConfig }) => HostHeaderConfig?.Values?.includes(hostOf(stack, branch))),
  );
}

async function targetGroupsOf(stack: Stack): Promise<number> {
  const { TargetGroups = [] } = await stack.aws.elbv2.send(new DescribeTargetGroupsCommand({}));
  return TargetGroups.filter(({ TargetGroupName }) => TargetGroupName?.startsWith('mf-demo-')).length;
}

/** Task, rule and target group are gone, and the record says so. */
async function stopped(stack: Stack, branch: string): Promise<void> {
  await until(
    `${branch} is gone`,
    async () => {
      const [tasks, rules, report] = [
        await tasksOf(stack, branch),
        await rulesOf(stack, branch),
        await reportOf(stack, branch),
      ];
      return tasks.length === 0 && rules.length === 0 && report?.state === 'STOPPED';
    },
    STOP_MS,
  );
  const running = (await stack.environments()).filter(({ state }) => state !== 'STOPPED').length;
  const groups = await targetGroupsOf(stack);
  expect(groups <= running, `${groups} target groups for ${running} environments`);
}

async function staysStopped(stack: Stack, branch: string, forMs: number): Promise<void> {
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    expect((await tasksOf(stack, branch)).length === 0, `${branch} was started again`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** As a person would: `aws dynamodb update-item`, or the console. */
async function setWanted(stack: Stack, branch: string, wanted: boolean): Promise<void> {
  const Key = { session_id: { S: sessionOf(stack, branch) } };
  const { Item } = await stack.aws.dynamodb.send(new GetItemCommand({ TableName: TABLE, Key, ConsistentRead: true }));
  expect(Item !== undefined, `there is no record of ${branch}`);
  await stack.aws.dynamodb.send(
    new UpdateItemCommand({
      TableName: TABLE,
      Key,
      UpdateExpression: 'SET wanted = :wanted',
      ExpressionAttributeValues: { ':wanted': { BOOL: wanted } },
    }),
  );
}

function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}
