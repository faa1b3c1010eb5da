import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toRunTaskInput } from '../../src/aws/ecs-task.ts';
import { targetGroupName } from '../../src/model/names.ts';
import { makeSnapshots, type Read } from '../../src/observe/snapshot.ts';
import { cannedAws, json, jsonError, xml } from '../aws/canned.ts';
import { INSTALLATION, type LocalWorld, makeLocalWorld } from '../aws/local-world.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';

describe('over the local AWS', () => {
  let world: LocalWorld;
  beforeEach(async () => {
    world = await makeLocalWorld();
  });
  afterEach(() => world.close());

  const snapshotsOf = ({ aws, clock, project }: LocalWorld) =>
    makeSnapshots({
      aws,
      installation: INSTALLATION,
      clusters: ['main', 'main'],
      listenerArns: [project.listener.arn, project.listener.arn],
      clock,
    });

  it('sees what the installation owns, by session, name and listener, and nothing of others', async () => {
    const { clock, aws, project, request, frontDoorArn } = world;
    const mine = await aws.ecs.runTask(request('tt-one'), 'token-1');
    await aws.ecs.runTask(request('tt-two', { startedBy: 'mayfly/other' }), 'token-2');
    const spec = {
      vpcId: 'vpc-1',
      port: 3001,
      healthPath: '/ready',
      healthIntervalSeconds: 5,
      deregistrationDelaySeconds: 30,
      tags: {},
    };
    const name = targetGroupName(INSTALLATION, 'tt-one');
    const arn = await aws.elbv2.createTargetGroup({ ...spec, name });
    await aws.elbv2.createTargetGroup({ ...spec, name: targetGroupName('testy', 'tt-one') });
    const forward = [
      { targetGroupArn: arn, weight: 0 },
      { targetGroupArn: frontDoorArn, weight: 1 },
    ];
    const rule = { listenerArn: project.listener.arn, priority: 1001, host: 'tt-one.preview.test', forward, tags: {} };
    await aws.elbv2.createRule(rule);
    await clock.advance(100);

    const snapshot = await snapshotsOf(world).since(clock.monotonic());
    expect(snapshot.at).toBe(clock.now());
    expect(snapshot.startedAt).toBe(clock.monotonic());
    const tasks = valueOf(snapshot.tasksByCluster.get('main'));
    expect([...tasks.keys()]).toEqual(['tt-one']);
    expect(tasks.get('tt-one')).toMatchObject([
      { arn: mine.ok && mine.task.arn, lastStatus: 'RUNNING', ip: expect.stringMatching(/^10\.1\./) },
    ]);
    expect([...snapshot.targetGroupsByName]).toMatchObject([
      [name, { arn, name, vpcId: 'vpc-1', port: 3001, healthCheck: { path: '/ready', matcher: '200' } }],
    ]);
    expect(valueOf(snapshot.rulesByListener.get(project.listener.arn))).toMatchObject([
      { priority: 1001, hosts: ['tt-one.preview.test'], forward },
    ]);
  });

  it('of 250 settled environments costs 2⌈N/100⌉ + ⌈N/400⌉ calls and one per listener', async () => {
    const { api, clock, request, calls, project, frontDoorArn } = world;
    for (let index = 0; index < 250; index++) {
      const session = `tt-${index}`;
      await world.callEcs('RunTask', toRunTaskInput(request(session), `token-${session}`));
      const created = await api.elbv2.CreateTargetGroup.handle({
        Name: targetGroupName(INSTALLATION, session),
        Protocol: 'HTTP',
        Port: 3001,
        VpcId: 'vpc-1',
        TargetType: 'ip',
      });
      const groups = [created.TargetGroups?.[0]?.TargetGroupArn ?? '', frontDoorArn];
      await api.elbv2.CreateRule.handle({
        ListenerArn: project.listener.arn,
        Priority: 1_000 + index,
        Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: [`${session}.preview.test`] } }],
        Actions: [
          {
            Type: 'forward',
            ForwardConfig: {
              TargetGroups: groups.map((TargetGroupArn, at) => ({ TargetGroupArn, Weight: at === 0 ? 1 : 0 })),
            },
          },
        ],
      });
    }
    await clock.advance(100);
    calls.length = 0;
    const snapshot = await snapshotsOf(world).since(0);
    expect(valueOf(snapshot.tasksByCluster.get('main')).size).toBe(250);
    expect(snapshot.targetGroupsByName.size).toBe(250);
    expect(valueOf(snapshot.rulesByListener.get(project.listener.arn))).toHaveLength(250);
    expect(count(calls)).toEqual({ ListTasks: 3, DescribeTasks: 3, DescribeTargetGroups: 1, DescribeRules: 1 });
  });
});

function valueOf<T>(read: Read<T> | undefined): T {
  if (!read?.ok) throw read?.error ?? new Error('nothing was read');
  return read.value;
}

function count(calls: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    Object.entries(Object.groupBy(calls, (operation) => operation)).map(([operation, all]) => [
      operation,
      all?.length ?? 0,
    ]),
  );
}

describe('sharing', () => {
  /** Snapshots whose DescribeTargetGroups waits until it is let go. */
  function gated() {
    const clock = makeFakeClock();
    const gates: { open: () => void; fail: () => void }[] = [];
    const { aws } = cannedAws(
      async ({ operation }) => {
        if (operation === 'ListTasks') return json({ taskArns: [] });
        if (operation !== 'DescribeTargetGroups') return json({ tasks: [] });
        const ok = await new Promise<boolean>((resolve) => {
          gates.push({ open: () => resolve(true), fail: () => resolve(false) });
        });
        return ok ? xml(operation, '') : jsonError('ServerException', 'no');
      },
      { clock },
    );
    const snapshots = makeSnapshots({ aws, installation: 'test', clusters: ['main'], listenerArns: [], clock });
    const gate = async (index: number) => {
      for (let turn = 0; turn < 200 && gates.length <= index; turn++) await new Promise((next) => setImmediate(next));
      const found = gates[index];
      if (!found) throw new Error(`snapshot ${index} was not begun`);
      return found;
    };
    return { clock, snapshots, gate, begun: () => gates.length };
  }

  it('askers of the same time share one snapshot', async () => {
    const { snapshots, gate, begun } = gated();
    const asked = [snapshots.since(0), snapshots.since(0), snapshots.since(0)];
    (await gate(0)).open();
    const [first, ...others] = await Promise.all(asked);
    for (const other of others) expect(other).toBe(first);
    expect(begun()).toBe(1);
  });

  it('a finished snapshot serves those who accept its age', async () => {
    const { clock, snapshots, gate, begun } = gated();
    const asked = snapshots.since(0);
    (await gate(0)).open();
    const first = await asked;
    await clock.advance(5_000);
    expect(await snapshots.since(0)).toBe(first);
    const later = snapshots.since(clock.monotonic());
    (await gate(1)).open();
    expect((await later).startedAt).toBe(5_000);
    expect(begun()).toBe(2);
  });

  it('those who wrote after it began get one further snapshot, together, begun after the first has ended', async () => {
    const { clock, snapshots, gate, begun } = gated();
    const early = snapshots.since(0);
    const first = await gate(0);
    await clock.advance(10);
    const late = [snapshots.since(10), snapshots.since(5), snapshots.since(1)];
    const still = snapshots.since(0);
    await clock.settle();
    expect(begun()).toBe(1);
    first.open();
    (await gate(1)).open();
    const [one, two, three] = await Promise.all(late);
    expect(one?.startedAt).toBe(10);
    expect(two).toBe(one);
    expect(three).toBe(one);
    expect((await early).startedAt).toBe(0);
    expect(await still).toBe(await early);
    expect(begun()).toBe(2);
  });

  it('a snapshot that fails fails its own askers only', async () => {
    const { clock, snapshots, gate } = gated();
    const doomed = [snapshots.since(0), snapshots.since(0)];
    const first = await gate(0);
    await clock.advance(10);
    const late = snapshots.since(10);
    first.fail();
    for (const asked of doomed) await expect(asked).rejects.toMatchObject({ kind: 'unavailable' });
    (await gate(1)).open();
    expect((await late).startedAt).toBe(10);
  });

  it('after a failure the next asker begins afresh', async () => {
    const { snapshots, gate, begun } = gated();
    const doomed = snapshots.since(0);
    (await gate(0)).fail();
    await expect(doomed).rejects.toMatchObject({ kind: 'unavailable' });
    const next = snapshots.since(0);
    (await gate(1)).open();
    await next;
    expect(begun()).toBe(2);
  });
});

describe('a cluster or listener that cannot be read', () => {
  function broken() {
    const clock = makeFakeClock();
    const asked: string[] = [];
    let well = false;
    const { aws } = cannedAws(
      ({ operation, input }) => {
        if (operation !== 'ListTasks') return xml(operation, '');
        const { cluster } = input as { cluster: string };
        asked.push(cluster);
        return cluster === 'bad' && !well ? jsonError('ClusterNotFoundException', 'no') : json({ taskArns: [] });
      },
      { clock },
    );
    const clusters = ['good', 'bad'];
    const snapshots = makeSnapshots({ aws, installation: 'test', clusters, listenerArns: [], clock });
    return { clock, snapshots, asked, heal: () => void (well = true) };
  }

  it('fails by itself, beside those that can', async () => {
    const { tasksByCluster } = await broken().snapshots.since(0);
    expect(tasksByCluster.get('good')).toEqual({ ok: true, value: new Map() });
    expect(tasksByCluster.get('bad')).toMatchObject({ ok: false, error: { kind: 'not-found' } });
  });

  it('is asked again soon, even for those who would take an old view, and not for every asker', async () => {
    const { clock, snapshots, asked, heal } = broken();
    const first = await snapshots.since(0);
    expect(await snapshots.since(0)).toBe(first);
    expect(asked).toEqual(['good', 'bad']);
    heal();
    await clock.advance(2_001);
    const second = await snapshots.since(0);
    expect(second.tasksByCluster.get('bad')).toMatchObject({ ok: true });
    await clock.advance(60_000);
    expect(await snapshots.since(0)).toBe(second);
  });
});
