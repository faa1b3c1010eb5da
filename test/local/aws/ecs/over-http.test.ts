/** The switches, with the server around them: real processes, a socket, a state file. */
import { ECSClient } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { throttledSubnet } from '../../../../src/local/aws/ecs/refusals.ts';
import { describeTask, makeDirectory, prepare, run, start, transports, until } from '../running-server.ts';

describe('the local AWS over HTTP', () => {
  it('takes ECS’s switches, and a task that never stopped is STOPPED after a restart', async () => {
    const stateDir = await makeDirectory();
    const refusals = [throttledSubnet('subnet-local')];
    const before = await start({
      stateDir,
      ecs: {
        neverStops: () => true,
        vcpuQuota: () => 0.25,
        refuse: (operation) => (operation === 'RunTask' ? refusals.shift() : undefined),
      },
    });
    const ecs = new ECSClient(transports.http(before));
    await prepare(ecs, before);
    await expect(run(ecs)).rejects.toThrow('Rate exceeded (ErrorCode: Throttling)');
    const arn = await run(ecs);
    await until(ecs, arn, 'RUNNING');
    expect(await run(ecs)).toBe('');
    before.ecs.interrupt(arn, { code: 'InfrastructureHealth', reason: 'host gone', abruptly: true });
    await until(ecs, arn, 'DEPROVISIONING');
    await before.close();

    const after = await start({ stateDir });
    const task = await describeTask(new ECSClient(transports.http(after)), arn);
    expect(task).toMatchObject({ lastStatus: 'STOPPED', stoppedReason: 'host gone', containers: [{ exitCode: 137 }] });
  });
});
