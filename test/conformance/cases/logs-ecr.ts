/** CloudWatch Logs and ECR as far as they can be asked without a task that writes, or an image that is pushed. */
import { GetLogEventsCommand, type GetLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeImagesCommand, type DescribeImagesCommandInput, type ImageDetail } from '@aws-sdk/client-ecr';
import assert from 'node:assert/strict';
import type { Arena, Case } from '../arena.ts';
import { present, refused, statusOf } from '../steps.ts';

const INVALID = 'InvalidParameter';

const read = (arena: Arena, change: Partial<GetLogEventsCommandInput>) =>
  arena.logs.send(
    new GetLogEventsCommand({ logGroupName: `/${arena.name('none')}`, logStreamName: 'none', ...change }),
  );

/** `{account}.dkr.ecr.{region}.amazonaws.com/{repository}:{tag}` */
function parts(image: string): { registryId: string; repositoryName: string; imageTag: string } {
  const [, registryId, repositoryName, imageTag] = /^(\d{12})\.[^/]+\/([^:@]+):(.+)$/.exec(image) ?? [];
  assert.ok(registryId && repositoryName && imageTag, `${image} is no image of ECR by tag`);
  return { registryId, repositoryName, imageTag };
}

/** Of the repository of the arena's image. */
function describe(arena: Arena, change: Partial<DescribeImagesCommandInput>) {
  const { repositoryName } = parts(arena.image);
  return arena.ecr.send(new DescribeImagesCommand({ repositoryName, ...change }));
}

async function one(arena: Arena, change: Partial<DescribeImagesCommandInput> = {}): Promise<ImageDetail> {
  const { imageTag } = parts(arena.image);
  const { imageDetails } = await describe(arena, { imageIds: [{ imageTag }], ...change });
  assert.equal(imageDetails?.length, 1);
  return present(imageDetails[0], 'imageDetails');
}

export const LOGS_ECR_CASES: readonly Case[] = [
  {
    facts: ['logs.get-log-events.group-not-found', 'logs.wire.json'],
    name: 'an unknown group is not found',
    async run(arena) {
      assert.equal(statusOf(await refused(read(arena, {}), 'ResourceNotFound')), 400);
    },
  },
  {
    facts: ['logs.get-log-events.limit'],
    name: 'a limit beyond 10,000 or below 1 is refused',
    async run(arena) {
      await refused(read(arena, { limit: 10_001 }), INVALID);
      await refused(read(arena, { limit: 0 }), INVALID);
    },
  },
  {
    facts: ['logs.get-log-events.one-group'],
    name: 'a group by name and by identifier is refused',
    async run(arena) {
      await refused(read(arena, { logGroupIdentifier: `/${arena.name('none')}` }), INVALID);
      await refused(read(arena, { logGroupName: undefined }), INVALID);
    },
  },
  {
    facts: ['logs.names.stream', 'logs.names.group'],
    name: 'names with other characters are refused',
    async run(arena) {
      await refused(read(arena, { logStreamName: 'a:b' }), INVALID);
      await refused(read(arena, { logStreamName: 'a'.repeat(513) }), INVALID);
      await refused(read(arena, { logGroupName: 'a b' }), INVALID);
    },
  },
  {
    facts: ['ecr.describe-images.tag', 'ecr.wire.json'],
    name: 'an image by its tag',
    async run(arena) {
      const image = await one(arena);
      assert.match(image.imageDigest ?? '', /^sha256:[0-9a-f]{64}$/);
      assert.ok(image.imageTags?.includes(parts(arena.image).imageTag));
    },
  },
  {
    facts: ['ecr.describe-images.digest'],
    name: 'an image by its digest',
    async run(arena) {
      const { imageDigest } = await one(arena);
      assert.equal((await one(arena, { imageIds: [{ imageDigest }] })).imageDigest, imageDigest);
    },
  },
  {
    facts: ['ecr.describe-images.registry'],
    name: 'the registry of the account, named or not',
    async run(arena) {
      const { registryId } = parts(arena.image);
      assert.equal((await one(arena)).registryId, registryId);
      assert.equal((await one(arena, { registryId })).registryId, registryId);
    },
  },
  {
    facts: ['ecr.describe-images.not-found'],
    name: 'a missing image is not found, and shown as it was asked for',
    async run(arena) {
      const { imageTag } = parts(arena.missingImage);
      const shown = new RegExp(`imageDigest:'null', imageTag:'${imageTag}'.* does not exist`);
      const error = await refused(describe(arena, { imageIds: [{ imageTag }] }), 'ImageNotFound', shown);
      assert.equal(statusOf(error), 400);
    },
  },
  {
    facts: ['ecr.describe-images.one-missing'],
    name: 'a missing image beside one that is there',
    async run(arena) {
      const imageIds = [arena.image, arena.missingImage].map((image) => ({ imageTag: parts(image).imageTag }));
      await refused(describe(arena, { imageIds }), 'ImageNotFound');
    },
  },
  {
    facts: ['ecr.describe-images.other-tag'],
    name: 'a tag with a digest that is not its own',
    async run(arena) {
      const imageDigest = `sha256:${'0'.repeat(64)}`;
      const { imageTag } = parts(arena.image);
      await refused(describe(arena, { imageIds: [{ imageDigest, imageTag }] }), 'ImageNotFound');
    },
  },
  {
    facts: ['ecr.describe-images.repository'],
    name: 'an unknown repository is not found',
    async run(arena) {
      const repositoryName = arena.name('none').toLowerCase();
      await refused(describe(arena, { repositoryName }), 'RepositoryNotFound', /does not exist in the registry/);
    },
  },
  {
    facts: ['ecr.describe-images.ids'],
    name: 'no ids, or more than a hundred, are refused',
    async run(arena) {
      const imageIds = Array.from({ length: 101 }, (_, index) => ({ imageTag: `t${index}` }));
      await refused(describe(arena, { imageIds: [] }), INVALID, /greater than or equal to 1/);
      await refused(describe(arena, { imageIds }), INVALID, /less than or equal to 100/);
    },
  },
  {
    facts: ['ecr.describe-images.no-pages'],
    name: 'pages of ids are refused',
    async run(arena) {
      await refused(one(arena, { maxResults: 5 }), INVALID);
    },
  },
  {
    facts: ['ecr.describe-images.page'],
    name: 'pages of more than a thousand are refused',
    async run(arena) {
      await refused(describe(arena, { maxResults: 1001 }), INVALID, /less than or equal to 1000/);
    },
  },
];
