import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObservedTask } from '../../src/model/observed.ts';
import type { TaskSpec } from '../../src/model/observed.ts';
import { hashOfTask, sameTask, TASK_HASH_VERSION, taskHash } from '../../src/model/task-hash.ts';

const spec: TaskSpec = { taskDefinitionArn: 'arn:1', cpu: '256', memory: '512', env: { A: '1', COMMIT: 'a' } };

const task = (change: Partial<ObservedTask> = {}): ObservedTask => ({
  arn: 'task-1',
  session: 'tt-a',
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  spec,
  createdAt: 0,
  ...change,
});

describe('the task hash', () => {
  it('carries its version', () => {
    expect(taskHash(spec)).toMatch(new RegExp(`^${TASK_HASH_VERSION}:[0-9a-f]{32}$`));
  });

  it('does not change from one version of Mayfly to the next, unless its own version does', () => {
    expect([TASK_HASH_VERSION, taskHash(spec)]).toMatchInlineSnapshot(`
      [
        1,
        "1:b454db848796361e2b627099ba1d035d",
      ]
    `);
  });

  it.each<[string, Partial<TaskSpec>]>([
    ['definition', { taskDefinitionArn: 'arn:2' }],
    ['cpu', { cpu: '512' }],
    ['memory', { memory: '1024' }],
    ['absent memory', { memory: undefined }],
    ['value of a variable', { env: { ...spec.env, A: '2' } }],
    ['further variable', { env: { ...spec.env, B: '' } }],
    ['missing variable', { env: {} }],
  ])('is another for another %s', (_what, change) => {
    expect(taskHash({ ...spec, ...change })).not.toBe(taskHash(spec));
  });

  it('is the same for another commit and another pull request', () => {
    expect(taskHash({ ...spec, env: { ...spec.env, COMMIT: 'b', PR_NUMBER: '8' } })).toBe(taskHash(spec));
  });

  it('is the same in whatever order the variables stand', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (env) => {
        const turned = Object.fromEntries(Object.entries(env).toReversed());
        expect(taskHash({ ...spec, env: turned })).toBe(taskHash({ ...spec, env }));
      }),
    );
  });
});

describe('the hash of a task that runs', () => {
  it('is the one recorded with its attempt', () => {
    expect(hashOfTask(task(), { taskArn: 'task-1', taskHash: '1:recorded' })).toBe('1:recorded');
  });

  it('is that of what ECS shows when no attempt is recorded, or another task’s', () => {
    expect(hashOfTask(task(), undefined)).toBe(taskHash(spec));
    expect(hashOfTask(task(), { taskArn: 'task-2', taskHash: '1:recorded' })).toBe(taskHash(spec));
    expect(hashOfTask(task(), { taskHash: '1:recorded' })).toBe(taskHash(spec));
  });
});

describe('two hashes', () => {
  it('of one version are the same task when they are equal', () => {
    expect(sameTask('1:a', '1:a')).toBe(true);
    expect(sameTask('1:a', '1:b')).toBe(false);
  });

  it('of two versions cannot be told apart, so that a new Mayfly replaces no task', () => {
    expect(sameTask('1:a', '2:b')).toBe(true);
  });
});
