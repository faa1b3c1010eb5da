/** `mayfly plan` as a program, against a local AWS over loopback: what it prints, how it ends, and that it only reads. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../src/aws/operations.ts';
import { type CliWorld, hostOf, type Item, record, type Run, startCliWorld, VALUE } from './world.ts';

const READS: ReadonlySet<string> = new Set([
  ...Object.entries(OPERATIONS).flatMap(([name, { mutates }]) => (mutates ? [] : [name])),
  'dynamodb:GetItem',
  'dynamodb:Scan',
]);

/** Runs it, and holds it to its word: that it changes nothing. */
async function plan(world: CliWorld, ...args: readonly string[]) {
  return await planBy(world.mayfly, world, args);
}

async function planBy(run: Run, { aws }: CliWorld, args: readonly string[] = []) {
  const before = aws.calls.length;
  const ended = await run(['plan', ...args]);
  const made = aws.calls.slice(before).map(({ operation }) => operation);
  expect(made.length).toBeGreaterThan(0);
  expect(made.filter((operation) => !READS.has(operation))).toEqual([]);
  return ended;
}

describe('a plan', () => {
  it('of what is as it should be: nothing, exit code 0', async () => {
    const world = await startCliWorld();
    await world.put(record('tt-one'));
    await world.operate('tt-one');
    expect(await planBy(world.program, world)).toEqual({
      code: 0,
      stdout: '1 environment: 0 to change, 1 settled. Nothing to do.\n',
      stderr: '',
    });
    const one = await plan(world, 'tt-one');
    expect(one).toMatchObject({ code: 0, stderr: '' });
    expect(one.stdout).toMatch(/^tt-one \(web\) RUNNING: ready/);
  });

  it('of a rule that a hand deleted: it is made again, exit code 2', async () => {
    const world = await startCliWorld();
    await world.put(record('tt-one'));
    await world.put(record('tt-two'));
    await world.operate('tt-one', 'tt-two');
    await world.deleteRules(hostOf('tt-one'));
    const { code, stdout, stderr } = await planBy(world.program, world);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(stdout).toMatch(/^tt-one \(web\) \w+: not ready/);
    expect(stdout).toMatch(/\n {2}\d\. \+ create rule tt-one\.preview\.test to \S+ \(priority \d+, .*\)\n {7}\S/);
    expect(stdout).not.toContain('tt-two');
    expect(stdout).toMatch(/\n\n2 environments: 1 to change, 1 settled\. \d steps? to do\.\n$/);
  });

  it('of a start tells the names of variables, and no value of one', async () => {
    const world = await startCliWorld();
    await world.put(record('tt-one'));
    const { code, stdout } = await plan(world, 'tt-one');
    expect(code).toBe(2);
    expect(stdout).toMatch(/\d\. \+ run task \S+ in cluster \S+ \(attempt 1, variables API_TOKEN BRANCH COMMIT/);
    expect(stdout).toContain('+ create target group');
    const json = await plan(world, '-o', 'json');
    for (const text of [stdout, json.stdout]) expect(text).not.toContain(VALUE);
  });

  it('says what is wrong with a record, and leaves it alone', async () => {
    const world = await startCliWorld();
    await world.put(record('tt-one', { wanted: 'yes' }));
    await world.put(record('tt-two', { project: 'shop', wanted: false }));
    const { code, stdout } = await plan(world);
    expect(code).toBe(0);
    expect(stdout).toMatch(/tt-one \(web\) FAILED: left alone: wanted: found .*yes.*; allowed: /);
    expect(stdout).toMatch(/tt-two \(shop\) FAILED: left alone: project: found "shop"; allowed: web/);
    expect(stdout).toContain('2 environments: 0 to change, 2 not understood. Nothing to do.');
  });

  it('of a pause: who paused, and what waits for its end', async () => {
    const world = await startCliWorld();
    await world.put(record('tt-one'));
    await world.put({ session_id: '@installation', paused: true, by: 'ada' });
    const { code, stdout } = await plan(world);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Mayfly is paused by ada\.\n/);
    expect(stdout).toMatch(/waiting for the end of the pause:\n {2}1\. [+~-] /);
    expect(stdout).toContain('1 environment: 0 to change, 1 paused. Nothing to do.');
  });

  it('of one paused environment does not hold the others', async () => {
    const world = await startCliWorld();
    await world.put(record('tt-one', { override: { paused: true, by: 'ada', reason: 'a demo' } }));
    await world.put(record('tt-two'));
    const { code, stdout } = await plan(world);
    expect(code).toBe(2);
    expect(stdout).toContain('  This environment is paused by ada: a demo.\n  waiting for the end of the pause:\n');
    expect(stdout).toContain('2 environments: 1 to change, 1 paused.');
  });
});

describe('waiting for the rates of AWS', () => {
  it('is no reason to end', async () => {
    const listeners = Object.fromEntries(
      Array.from({ length: 45 }, (_, index) => [`more${index}`, `more${index}.test`]),
    );
    const world = await startCliWorld({ listeners });
    await world.put(record('tt-one', { wanted: false }));
    const { code, stdout } = await plan(world);
    expect(code).toBe(1);
    expect(stdout).toContain('1 environment: 0 to change, 1 settled. Nothing to do, as far as was seen.');
  });
});

describe('orphans', () => {
  it('that may go are told with their steps', async () => {
    const world = await startCliWorld({ policy: { orphanGrace: '1ms' } });
    await world.put(record('tt-one'));
    await world.put(record('tt-two'));
    await world.operate('tt-one', 'tt-two');
    await world.remove('tt-two');
    const { code, stdout } = await plan(world);
    expect(code).toBe(2);
    expect(stdout).toMatch(
      /orphans, which no record names\n {2}tt-two: goes once .* and its task after its route\n {4}1\. - delete rule tt-two\.preview\.test/,
    );
    expect(stdout).toContain('1 orphan to take away. 2 steps to do.');
    expect((await plan(world, 'tt-one')).code).toBe(0);
  });

  it('whose task is young stay', async () => {
    const world = await startCliWorld();
    await world.put(record('tt-one'));
    await world.put(record('tt-two'));
    await world.operate('tt-one', 'tt-two');
    await world.remove('tt-two');
    const { code, stdout } = await plan(world);
    expect(code).toBe(0);
    expect(stdout).toContain('  tt-two: its task is younger than 15 min\n');
  });

  it('that the guard holds back are told with what a person can do', async () => {
    const world = await startCliWorld({ policy: { orphanGrace: '1ms' } });
    await world.put(record('tt-one'));
    await world.operate('tt-one');
    await world.remove('tt-one');
    const { code, stdout } = await plan(world);
    expect(code).toBe(0);
    expect(stdout).toMatch(/no orphan is deleted: the table has no record at all.* delete them by hand/);
    expect(stdout).toContain('0 environments: 0 to change. 1 orphan held back. Nothing to do.');
    const { stdout: json } = await plan(world, '-o', 'json');
    expect(JSON.parse(json)).toMatchObject({ summary: { orphans: 0, orphansHeld: 1, steps: 0 } });
  });

  it('may be where could not be looked: the plan is not whole, though nothing is due', async () => {
    const world = await startCliWorld({ listeners: { more: 'more.test' } });
    await world.put(record('tt-one', { wanted: false }));
    const { code, stdout, stderr } = await plan(world);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /orphans, which no record names\n {2}not seen: elasticloadbalancing:DescribeRules: .*ListenerNotFound/,
    );
    expect(stdout).toContain('1 settled. Nothing to do, as far as was seen.');
    expect(stderr).toContain('this plan is not whole.\nDoes what mayfly.yaml names exist');
    expect((await plan(world, 'tt-one')).code).toBe(0);
  });
});

describe('what goes wrong', () => {
  it('a session without a record: near ones are named', async () => {
    const world = await startCliWorld();
    await world.put(record('tt-one', { wanted: false }));
    for (const asked of ['tt-oen', 'one', 'tt-on']) {
      const { code, stdout, stderr } = await plan(world, asked);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(`There is no record "${asked}" in table environments. Did you mean tt-one?`);
    }
    expect((await planBy(world.program, world, ['one'])).code).toBe(1);
  });

  it.each([
    ['', 'A variable that is not set?'],
    ['@installation', 'at most 50 lower case letters'],
    ['Feature/Log in', "Is it a branch? Its session is the project's prefix and then feature-log-in"],
  ])('"%s" is no session: said before anything is asked for', async (asked, said) => {
    const world = await startCliWorld();
    const before = world.aws.calls.length;
    const { code, stdout, stderr } = await world.mayfly(['plan', asked], { MAYFLY_CONFIG: '/nowhere.yaml' });
    expect({ code, stdout, calls: world.aws.calls.length }).toEqual({ code: 1, stdout: '', calls: before });
    expect(stderr).toContain(`value '${asked}' is invalid for argument 'session'`);
    expect(stderr).toContain('at most 50 lower case letters, digits and inner hyphens');
    expect(stderr).toContain(said);
  });

  it('--version, without a configuration', async () => {
    const world = await startCliWorld();
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as Item;
    const env = { MAYFLY_CONFIG: '/nowhere.yaml', MAYFLY_SIGNING_KEY: undefined };
    expect(await world.program(['--version'], env)).toEqual({
      code: 0,
      stdout: `${String(manifest['version'])}\n`,
      stderr: '',
    });
  });

  it('AWS that cannot be reached', async () => {
    const world = await startCliWorld();
    const { code, stdout, stderr } = await world.mayfly(['plan'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Can AWS be reached from here at http://127.0.0.1:1');
  });

  it('AWS that shows the table, and nothing else', async () => {
    const world = await startCliWorld();
    await world.put(record('tt-one'));
    await world.put(record('tt-two'));
    world.aws.gate.onlyDynamoDb = true;
    const { code, stdout, stderr } = await world.mayfly(['plan']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/not seen: \w+:\w+: .*\n {2}tt-one, tt-two\n/);
    expect(stdout).toContain('2 environments: 0 to change, 2 not seen. Nothing to do, as far as was seen.');
    expect(stderr).toContain('this plan is not whole.\nCan AWS be reached from here');
  });

  it('a table that does not exist, credentials that do not', async () => {
    const world = await startCliWorld();
    const { DeleteTableCommand } = await import('@aws-sdk/client-dynamodb');
    await world.aws.clients.dynamodb.send(new DeleteTableCommand({ TableName: 'environments' }));
    const missing = await world.mayfly(['plan']);
    expect(missing).toMatchObject({ code: 78, stdout: '' });
    expect(missing.stderr).toContain('The table does not exist in this region and account.');
    const env = { AWS_ENDPOINT_URL: 'https://aws.invalid', AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nowhere' };
    const nobody = await world.program(['plan'], env);
    expect(nobody).toMatchObject({ code: 1, stdout: '' });
    expect(nobody.stderr).toContain('set AWS_PROFILE, or AWS_ACCESS_KEY_ID');
  });

  it('a configuration with faults: all at once, exit code 78, and no webhook secret is asked for', async () => {
    const world = await startCliWorld();
    const { code, stdout, stderr } = await world.program(['plan', '--config', '/nowhere.yaml'], {
      MAYFLY_SIGNING_KEY: undefined,
    });
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain('/nowhere.yaml (ENOENT)');
    expect(stderr).toContain("MAYFLY_SIGNING_KEY\n    found    nothing\n    allowed  the operator's own key");
    expect(stderr).not.toContain('WEBHOOK');
  });

  it('a word that is no verb, a format that is none', async () => {
    const world = await startCliWorld();
    expect(await world.mayfly(['plam'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Did you mean plan?'),
    });
    expect(await world.mayfly(['plan', '-o', 'yaml'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('json'),
    });
  });
});
