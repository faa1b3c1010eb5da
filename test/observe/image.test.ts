import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { derivedFamily } from '../../src/model/names.ts';
import { makeResolveImage, type ResolveImage } from '../../src/observe/image.ts';
import { INSTALLATION, type LocalWorld, makeLocalWorld } from '../aws/local-world.ts';

let world: LocalWorld;
let resolve: ResolveImage;

beforeEach(async () => {
  world = await makeLocalWorld();
  resolve = makeResolveImage({ aws: world.aws, installation: INSTALLATION, clock: world.clock });
});
afterEach(() => world.close());

const asks = (operation: string): number => world.calls.filter((one) => one === operation).length;

describe('the default tag', () => {
  it('runs the base at its explicit newest revision', async () => {
    expect(await resolve(world.project, 'latest')).toEqual({
      ok: true,
      image: `${world.image}:latest`,
      taskDefinitionArn: world.baseArn,
    });
    expect(world.baseArn).toMatch(/:1$/);
  });

  it('takes the image that the base names, whatever its tag, and checks that it exists', async () => {
    const project = { ...world.project, defaultTag: 'main' };
    expect(await resolve(project, 'main')).toMatchObject({ ok: true, image: `${world.image}:latest` });
    await world.callEcs('RegisterTaskDefinition', {
      family: 'lost',
      networkMode: 'awsvpc',
      containerDefinitions: [{ name: 'web', image: `${world.image}:gone`, memory: 256 }],
    });
    expect(await resolve({ ...project, taskDefinition: 'lost' }, 'main')).toMatchObject({
      ok: false,
      reason: 'ImageNotFound',
      message: expect.stringMatching(/repository web .*tag gone/),
    });
  });
});

describe('another tag', () => {
  const spec = () => {
    const image = `${world.image}:staging`;
    const family = derivedFamily(INSTALLATION, 'web', world.baseArn, image);
    return { image, register: { family, baseArn: world.baseArn, container: 'web', image } };
  };

  it('says how to register a revision, until there is one', async () => {
    const { image, register } = spec();
    expect(await resolve(world.project, 'staging')).toEqual({ ok: true, image, register });
    const { family, baseArn, container } = register;
    const taskDefinitionArn = await world.aws.ecs.registerWithImage(baseArn, family, container, image);
    expect(await resolve(world.project, 'staging')).toEqual({ ok: true, image, taskDefinitionArn });
  });

  it('does not trust a revision of the family that holds another image', async () => {
    const { image, register } = spec();
    await world.aws.ecs.registerWithImage(register.baseArn, register.family, 'web', `${world.image}:latest`);
    expect(await resolve(world.project, 'staging')).toEqual({ ok: true, image, register });
  });

  it('of the base’s own image is the base', async () => {
    const project = { ...world.project, defaultTag: 'staging' };
    expect(await resolve(project, 'latest')).toMatchObject({ ok: true, taskDefinitionArn: world.baseArn });
  });

  it('that does not exist is named with its repository', async () => {
    expect(await resolve(world.project, 'v9')).toMatchObject({
      ok: false,
      reason: 'ImageNotFound',
      message: expect.stringMatching(/repository web .*tag v9/),
    });
  });

  it('may be a digest', async () => {
    const digest = world.images.byTag('web', 'staging')?.digest ?? '';
    expect(await resolve(world.project, digest)).toMatchObject({ ok: true, image: `${world.image}@${digest}` });
    expect(await resolve(world.project, `sha256:${'0'.repeat(64)}`)).toMatchObject({ reason: 'ImageNotFound' });
  });
});

describe('an image outside ECR', () => {
  it('cannot be asked about, and is taken as it is', async () => {
    await world.callEcs('RegisterTaskDefinition', {
      family: 'elsewhere',
      networkMode: 'awsvpc',
      containerDefinitions: [{ name: 'web', image: 'ghcr.io/octo/web:1', memory: 256 }],
    });
    const project = { ...world.project, taskDefinition: 'elsewhere' };
    expect(await resolve(project, '2')).toMatchObject({ ok: true, image: 'ghcr.io/octo/web:2' });
    expect(asks('DescribeImages')).toBe(0);
  });
});

describe('the base task definition', () => {
  it.each([
    ['does not exist', { taskDefinition: 'nothing' }, /ACTIVE task definition nothing/],
    ['lacks the container', { container: 'app' }, /no container app; found: web/],
  ])('that %s is named, with what was found', async (_what, more, message) => {
    expect(await resolve({ ...world.project, ...more }, 'latest')).toMatchObject({
      ok: false,
      reason: 'TaskDefinitionNotFound',
      message: expect.stringMatching(message),
    });
  });

  it('that was deregistered is not run', async () => {
    await world.callEcs('DeregisterTaskDefinition', { taskDefinition: world.baseArn });
    const project = { ...world.project, taskDefinition: world.baseArn };
    expect(await resolve(project, 'latest')).toMatchObject({ ok: false, reason: 'TaskDefinitionNotFound' });
  });
});

describe('asking', () => {
  it('many at once costs one call of each kind, and then none for a while', async () => {
    await Promise.all(Array.from({ length: 20 }, () => resolve(world.project, 'latest')));
    await world.clock.advance(29_000);
    await resolve(world.project, 'latest');
    expect([asks('DescribeTaskDefinition'), asks('DescribeImages')]).toEqual([1, 1]);
    await world.clock.advance(1_001);
    await resolve(world.project, 'latest');
    expect([asks('DescribeTaskDefinition'), asks('DescribeImages')]).toEqual([2, 1]);
    await world.clock.advance(30_000);
    await resolve(world.project, 'latest');
    expect(asks('DescribeImages')).toBe(2);
  });

  it('an image that is pushed is found within seconds', async () => {
    expect(await resolve(world.project, 'v9')).toMatchObject({ ok: false });
    world.images.add({ repository: 'web', tag: 'v9', command: ['serve'] });
    expect(await resolve(world.project, 'v9')).toMatchObject({ ok: false });
    await world.clock.advance(5_001);
    expect(await resolve(world.project, 'v9')).toMatchObject({ ok: true });
  });
});
