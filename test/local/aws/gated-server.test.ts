import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateClusterCommand, ECSClient, ListTasksCommand, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../../src/local/aws/record/recorder.ts';
import { credentials, makeDirectory, prepare, run, start, transports } from './running-server.ts';

const register = new RegisterTaskDefinitionCommand({
  family: 'app',
  containerDefinitions: [{ name: 'web', image: 'none' }],
});

describe('the rates of the local AWS', () => {
  it("are AWS's unless said otherwise, and shared by all who call", async () => {
    const aws = await start();
    const clients = ['one', 'two'].map(
      (accessKeyId) =>
        new ECSClient({ ...transports['in process'](aws), credentials: { ...credentials, accessKeyId } }),
    );
    const answers = await Promise.allSettled(
      clients.flatMap((client) => Array.from({ length: 15 }, () => client.send(register))),
    );
    const refused = answers.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
    // A token a second comes back, however slow this machine is.
    expect(refused.length).toBeGreaterThan(0);
    expect(new Set(refused.map((error) => error.name))).toEqual(new Set(['ThrottlingException']));
    expect(aws.refused()).toBe(refused.length);
  });

  it('can be changed, left out, or not hold for a key', async () => {
    const none = { 'ecs-task-definition-modify': { burst: 0, perSecond: 1e-9 } };
    const strict = await start({ throttle: none, unthrottled: ['seeder'] });
    const settings = transports['in process'](strict);
    await expect(new ECSClient(settings).send(register)).rejects.toMatchObject({ name: 'ThrottlingException' });
    const seeder = new ECSClient({ ...settings, credentials: { ...credentials, accessKeyId: 'seeder' } });
    await expect(seeder.send(register)).resolves.toBeDefined();
    const free = await start({ throttle: false });
    const client = new ECSClient(transports['in process'](free));
    await Promise.all(Array.from({ length: 30 }, () => client.send(register)));
    expect(free.refused()).toBe(0);
  });
});

describe('the record of calls', () => {
  it('has every call with what IAM would be asked, in the state directory', async () => {
    const stateDir = await makeDirectory();
    const heard: CallRecord[] = [];
    const aws = await start({ stateDir, recordCalls: true, onCall: (record) => heard.push(record) });
    const ecs = new ECSClient(transports.http(aws));
    await prepare(ecs, aws);
    await run(ecs, { tags: [{ key: 'team', value: 'web' }] });
    await expect(ecs.send(new ListTasksCommand({ cluster: 'none' }))).rejects.toThrow();
    const db = new DynamoDBClient(transports.http(aws));
    await expect(db.send(new GetItemCommand({ TableName: 'none', Key: { id: { S: 'a' } } }))).rejects.toThrow();
    await aws.close();
    const lines = (await readFile(join(stateDir, 'calls.jsonl'), 'utf8')).trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line) as CallRecord);
    expect(records).toEqual(heard);
    expect(records.map(({ action, outcome, principal }) => [action, outcome, principal])).toEqual([
      ['ecs:CreateCluster', 'ok', 'local'],
      ['ecs:RegisterTaskDefinition', 'ok', 'local'],
      ['ecs:RunTask', 'ok', 'local'],
      ['ecs:TagResource', 'ok', 'local'],
      ['ecs:ListTasks', 'ClusterNotFoundException', 'local'],
      ['dynamodb:GetItem', 'ResourceNotFoundException', 'local'],
    ]);
  });

  it('knows the tags of resources and the roles of definitions', async () => {
    const heard: CallRecord[] = [];
    const aws = await start({ onCall: (record) => heard.push(record) });
    const ecs = new ECSClient(transports['in process'](aws));
    await ecs.send(new CreateClusterCommand({ clusterName: 'main' }));
    const tags = [{ key: 'team', value: 'web' }];
    const role = 'arn:aws:iam::000000000000:role/run';
    await ecs.send(
      new RegisterTaskDefinitionCommand({ ...register.input, tags, executionRoleArn: role, cpu: '256', memory: '512' }),
    );
    heard.length = 0;
    await ecs.send(new ListTasksCommand({ cluster: 'main' }));
    await run(ecs, { taskDefinition: 'app:1' }).catch(() => '');
    const asked = heard.filter(({ operation }) => operation === 'ecs:RunTask');
    expect(asked.map(({ action, resources }) => [action, resources[0]])).toEqual([
      [
        'ecs:RunTask',
        {
          arn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/app:1',
          conditions: { 'aws:ResourceTag/team': 'web', 'ecs:ResourceTag/team': 'web' },
        },
      ],
      ['iam:PassRole', { arn: role, conditions: {} }],
    ]);
  });
});
