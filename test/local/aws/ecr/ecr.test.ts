import {
  BatchGetImageCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  ListImagesCommand,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { makeEcr } from '../../../../src/local/aws/ecr/service.ts';
import { makeImages } from '../../../../src/local/aws/images.ts';
import type { Images } from '../../../../src/local/aws/images.ts';
import { makeDispatcher } from '../../../../src/local/aws/wire/dispatcher.ts';
import { requestHandlerOf } from '../../../../src/local/aws/wire/request-handler.ts';

const account = '111122223333';
const REGISTRY = `${account}.dkr.ecr.eu-west-1.amazonaws.com`;
const one = { repository: 'team/app', tag: 'latest', command: ['node', 'one.js'] };
const two = { repository: 'team/app', tag: 'staging', command: ['node', 'two.js'], env: { B: '2', A: '1' } };

function makeWorld(): { images: Images; client: ECRClient } {
  const images = makeImages(REGISTRY, () => 5000, [one, two, { ...one, tag: 'v1' }]);
  const service = makeEcr({ account, region: 'eu-west-1', images });
  const requestHandler = requestHandlerOf(makeDispatcher([service]));
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  return { images, client: new ECRClient({ region: 'eu-west-1', credentials, maxAttempts: 1, requestHandler }) };
}

describe('images', () => {
  it('of the same command share a digest, whatever their tags', async () => {
    const { client } = makeWorld();
    const { imageDetails } = await client.send(new DescribeImagesCommand({ repositoryName: 'team/app' }));
    const tags = imageDetails?.map((detail) => detail.imageTags?.join()).toSorted();
    expect(tags).toEqual(['latest,v1', 'staging']);
    expect(imageDetails?.[0]).toMatchObject({
      registryId: account,
      repositoryName: 'team/app',
      imageDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
      imagePushedAt: new Date(5000),
    });
  });

  it('have a digest that does not depend on the order of their environment', () => {
    const { images } = makeWorld();
    images.add({ ...two, tag: 'again', env: { A: '1', B: '2' } });
    expect(images.byTag('team/app', 'again')?.digest).toBe(images.byTag('team/app', 'staging')?.digest);
    images.add({ ...two, tag: 'again', env: { A: '1', B: '3' } });
    expect(images.byTag('team/app', 'again')?.digest).not.toBe(images.byTag('team/app', 'staging')?.digest);
  });

  it('are described by tag and by digest', async () => {
    const { client, images } = makeWorld();
    const imageDigest = images.byTag('team/app', 'staging')?.digest;
    for (const imageId of [{ imageTag: 'staging' }, { imageDigest }, { imageDigest, imageTag: 'staging' }]) {
      const answer = await client.send(new DescribeImagesCommand({ repositoryName: 'team/app', imageIds: [imageId] }));
      expect(answer.imageDetails?.[0]?.imageDigest).toBe(imageDigest);
    }
  });

  it.each([
    [{ imageTag: 'missing' }, "imageTag:'missing'"],
    [{ imageDigest: 'sha256:0' }, "imageDigest:'sha256:0'"],
  ])('that do not exist are an error: %j', async (imageId, message) => {
    const { client } = makeWorld();
    await expect(
      client.send(new DescribeImagesCommand({ repositoryName: 'team/app', imageIds: [imageId] })),
    ).rejects.toMatchObject({ name: 'ImageNotFoundException', message: expect.stringContaining(message) as string });
  });

  it('are not found when tag and digest are of different ones; the error shows both', async () => {
    const { client, images } = makeWorld();
    const imageDigest = images.byTag('team/app', 'staging')?.digest ?? '';
    await expect(
      client.send(
        new DescribeImagesCommand({ repositoryName: 'team/app', imageIds: [{ imageDigest, imageTag: 'latest' }] }),
      ),
    ).rejects.toMatchObject({
      name: 'ImageNotFoundException',
      message: `The image with imageId {imageDigest:'${imageDigest}', imageTag:'latest'} does not exist within the repository with name 'team/app' in the registry with id '${account}'`,
    });
  });

  it.each([
    [{ imageIds: [] }, "'imageIds' failed to satisfy constraint: 'Member must have length greater than or equal to 1'"],
    [{ imageIds: Array.from({ length: 101 }, () => ({ imageTag: 'v1' })) }, 'less than or equal to 100'],
    [{ imageIds: [{ imageTag: 'v1' }], maxResults: 5 }, 'cannot be used with imageIds'],
    [{ imageIds: [{}] }, 'must have an imageTag'],
    [{ imageIds: [{ imageDigest: 'abc' }] }, "at 'imageDigest'"],
    [
      { maxResults: 1001 },
      "'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to 1000'",
    ],
    [
      { registryId: '12' },
      "at 'registryId' failed to satisfy constraint: 'must satisfy regular expression '[0-9]{12}''",
    ],
    [{ repositoryName: 'Team' }, "at 'repositoryName'"],
    [{ nextToken: 'x' }, 'Invalid token'],
  ])('are not described with %j', async (input, message) => {
    const { client } = makeWorld();
    await expect(
      client.send(new DescribeImagesCommand({ repositoryName: 'team/app', ...input })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException', message: expect.stringContaining(message) as string });
  });

  it('are active, and none is archived', async () => {
    const { client } = makeWorld();
    const statuses = async (imageStatus: 'ARCHIVED' | 'ANY'): Promise<unknown> => {
      const command = new DescribeImagesCommand({ repositoryName: 'team/app', filter: { imageStatus } });
      return (await client.send(command)).imageDetails?.map((detail) => detail.imageStatus);
    };
    expect(await statuses('ANY')).toEqual(['ACTIVE', 'ACTIVE']);
    expect(await statuses('ARCHIVED')).toEqual([]);
  });

  it('come a hundred at a time unless more are asked for', async () => {
    const { client, images } = makeWorld();
    for (let tag = 0; tag < 120; tag += 1)
      images.add({ ...one, repository: 'many', tag: `t${tag}`, command: [`${tag}`] });
    const count = async (maxResults?: number): Promise<unknown> =>
      (await client.send(new DescribeImagesCommand({ repositoryName: 'many', maxResults }))).imageDetails?.length;
    expect([await count(), await count(1000)]).toEqual([100, 120]);
  });

  it('of unknown repositories and registries are an error', async () => {
    const { client } = makeWorld();
    for (const input of [{ repositoryName: 'none' }, { repositoryName: 'team/app', registryId: '999999999999' }]) {
      await expect(client.send(new DescribeImagesCommand(input))).rejects.toMatchObject({
        name: 'RepositoryNotFoundException',
      });
    }
  });

  it('are fetched in batches, with failures beside them', async () => {
    const { client, images } = makeWorld();
    const answer = await client.send(
      new BatchGetImageCommand({ repositoryName: 'team/app', imageIds: [{ imageTag: 'v1' }, { imageTag: 'none' }] }),
    );
    expect(answer.images).toMatchObject([
      {
        imageId: { imageTag: 'v1', imageDigest: images.byTag('team/app', 'latest')?.digest },
        repositoryName: 'team/app',
      },
    ]);
    expect(JSON.parse(answer.images?.[0]?.imageManifest ?? '')).toMatchObject({ schemaVersion: 2 });
    expect(answer.failures).toEqual([
      { imageId: { imageTag: 'none' }, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' },
    ]);
  });

  it('added later are there at once; a tag moves and leaves the old image untagged', async () => {
    const { client, images } = makeWorld();
    const before = images.byTag('team/app', 'staging')?.digest;
    images.add({ ...two, command: ['node', 'three.js'] });
    expect(images.byTag('team/app', 'staging')?.digest).not.toBe(before);
    const list = await client.send(
      new ListImagesCommand({ repositoryName: 'team/app', filter: { tagStatus: 'UNTAGGED' } }),
    );
    expect(list.imageIds).toEqual([{ imageDigest: before }]);
    images.add({ ...one, repository: 'fresh' });
    const { repositories } = await client.send(new DescribeRepositoriesCommand({}));
    expect(repositories?.map((repository) => repository.repositoryUri)).toEqual([
      `${REGISTRY}/fresh`,
      `${REGISTRY}/team/app`,
    ]);
  });

  it('are listed in pages', async () => {
    const { client } = makeWorld();
    const first = await client.send(new ListImagesCommand({ repositoryName: 'team/app', maxResults: 2 }));
    const second = await client.send(
      new ListImagesCommand({ repositoryName: 'team/app', maxResults: 2, nextToken: first.nextToken }),
    );
    const tags = [...(first.imageIds ?? []), ...(second.imageIds ?? [])].map((id) => id.imageTag);
    expect(new Set(tags)).toEqual(new Set(['latest', 'staging', 'v1']));
    expect(tags).toHaveLength(3);
    expect(second.nextToken).toBeUndefined();
  });

  it('are resolved from references as tasks use them', () => {
    const { images } = makeWorld();
    const digest = images.byTag('team/app', 'latest')?.digest;
    for (const path of ['team/app', 'team/app:latest', 'team/app:v1', `team/app@${digest}`, `team/app:v9@${digest}`]) {
      expect(images.resolve(`${REGISTRY}/${path}`)?.command).toEqual(one.command);
    }
    for (const reference of ['team/app:latest', `${REGISTRY}/team/app:none`, `${REGISTRY}/team/app@sha256:0`, '']) {
      expect(images.resolve(reference)).toBeUndefined();
    }
  });

  it.each([
    [{ ...one, repository: 'Team' }, 'the repository must be'],
    [{ ...one, tag: '-x' }, 'the tag must be'],
    [{ ...one, command: [] }, 'the command must name'],
  ])('that cannot be are refused', (image, message) => {
    expect(() => makeImages(REGISTRY, () => 0, [image])).toThrow(message);
  });

  it('of an unknown repository cannot be described by name', async () => {
    const { client } = makeWorld();
    await expect(client.send(new DescribeRepositoriesCommand({ repositoryNames: ['none'] }))).rejects.toMatchObject({
      name: 'RepositoryNotFoundException',
    });
  });
});
