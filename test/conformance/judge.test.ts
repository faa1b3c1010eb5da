/** Nothing passes for another thing: failures, known deviations, stale ones and cases that cannot run are told apart. */
import { expect, it } from 'vitest';
import type { Arena, ArenaSource, Case } from './arena.ts';
import { judge, staleDeviations } from './judge.ts';
import { readSettings, SettingsError } from './settings.ts';

const KNOWN = 'dynamodb.condition.all-old';

function sourceWith(leftovers: readonly string[] = []): ArenaSource {
  return {
    implementations: { aws: 'mayfly-local', dynamodb: 'dynalite' },
    can: new Set(['traffic']),
    open: async () => ({ arena: {} as Arena, close: async () => leftovers }),
    close: async () => undefined,
  };
}

const passing: Case = { facts: [KNOWN], name: 'passes', run: async () => undefined };
const failing: Case = { ...passing, name: 'fails', run: () => Promise.reject(new Error('otherwise')) };
const kindOf = async (one: Case, source = sourceWith()): Promise<string> => (await judge(one, source)).verdict.kind;

it('tells a failure from one that is known', async () => {
  expect(await kindOf(passing)).toBe('passed');
  expect(await kindOf(failing)).toBe('deviating');
  expect(await kindOf({ ...failing, facts: ['dynamodb.get.absent'] })).toBe('failed');
  const aws = { ...sourceWith(), implementations: { aws: 'aws', dynamodb: 'aws' } };
  expect(await kindOf(failing, aws)).toBe('failed');
});

it('skips what the arena cannot do, and runs what it can', async () => {
  expect(await kindOf({ ...failing, needs: ['time'] })).toBe('skipped');
  expect(await kindOf({ ...passing, needs: ['traffic'] })).toBe('passed');
});

it('tells what a case left behind, and fails it when the arena cannot be closed', async () => {
  expect((await judge(passing, sourceWith(['a rule']))).leftovers).toEqual(['a rule']);
  const stuck: ArenaSource = {
    ...sourceWith(),
    open: async () => ({ arena: {} as Arena, close: () => Promise.reject(new Error('stuck')) }),
  };
  expect(await kindOf({ ...passing, facts: ['ecs.wire.json'] }, stuck)).toBe('failed');
});

it('calls a deviation stale when all its cases pass, and not when they did not run', async () => {
  const source = sourceWith();
  const run = (...cases: Case[]) => Promise.all(cases.map((one) => judge(one, source)));
  expect(staleDeviations(await run(passing), source)).toEqual([KNOWN]);
  expect(staleDeviations(await run(passing, failing), source)).toEqual([]);
  expect(staleDeviations(await run({ ...passing, needs: ['time'] }), source)).toEqual([]);
});

it('runs on AWS only when told to, and then names all that it needs', () => {
  expect(() => readSettings({}, {})).toThrow(/--yes-this-is-my-account/);
  expect(() => readSettings({ yesThisIsMyAccount: true, vpc: 'vpc-1' }, { AWS_REGION: 'eu-west-1' })).toThrow(
    /^These are missing:\n {2}--subnets.*\n {2}--security-group.*\n {2}--image.*\n {2}--missing-image/,
  );
  expect(() => readSettings({ endpoint: 'here' }, {})).toThrow(SettingsError);
});

it('knows what the local AWS has, and credentials for nobody else', () => {
  const local = readSettings({}, { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' });
  expect(local.implementations).toEqual({ aws: 'mayfly-local', dynamodb: 'dynalite' });
  expect(local.credentials).toBeDefined();
  const flags = { vpc: 'v', subnets: 'a,b', securityGroup: 's', image: 'i', missingImage: 'm', region: 'r' };
  const remote = readSettings({ ...flags, endpoint: 'https://aws.example.test', implementation: 'other' }, {});
  expect(remote.credentials).toBeUndefined();
  expect(remote.surroundings.subnets).toEqual(['a', 'b']);
  expect(remote.implementations.aws).toBe('other');
});
