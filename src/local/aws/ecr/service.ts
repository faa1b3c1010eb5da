/** Elastic Container Registry over the local images: what exists, and under which digest. */
import {
  BatchGetImageRequest$,
  BatchGetImageResponse$,
  DescribeImagesRequest$,
  DescribeImagesResponse$,
  DescribeRepositoriesRequest$,
  DescribeRepositoriesResponse$,
  ListImagesRequest$,
  ListImagesResponse$,
} from '@aws-sdk/client-ecr';
import type {
  BatchGetImageRequest,
  BatchGetImageResponse,
  DescribeImagesRequest,
  DescribeImagesResponse,
  DescribeRepositoriesRequest,
  DescribeRepositoriesResponse,
  Image,
  ImageDetail,
  ImageIdentifier,
  ListImagesRequest,
  ListImagesResponse,
  Repository,
} from '@aws-sdk/client-ecr';
import { MANIFEST_MEDIA_TYPE, registryHost } from '../images.ts';
import type { Images, StoredImage } from '../images.ts';
import { paginate } from '../paging.ts';
import { ApiError } from '../service.ts';
import type { Service } from '../service.ts';
import { checkDescribeImages, checkRegistry, checkRepository, pageLimit } from './validation.ts';

export interface EcrOptions {
  readonly account: string;
  readonly region: string;
  readonly images: Images;
}

export function makeEcr(options: EcrOptions): Service {
  return {
    protocol: 'json1.1',
    target: 'AmazonEC2ContainerRegistry_V20150921',
    signingName: 'ecr',
    operations: {
      DescribeImages: {
        input: DescribeImagesRequest$,
        output: DescribeImagesResponse$,
        handle: (input: DescribeImagesRequest) => describeImages(options, input),
      },
      BatchGetImage: {
        input: BatchGetImageRequest$,
        output: BatchGetImageResponse$,
        handle: (input: BatchGetImageRequest) => batchGetImage(options, input),
      },
      ListImages: {
        input: ListImagesRequest$,
        output: ListImagesResponse$,
        handle: (input: ListImagesRequest) => listImages(options, input),
      },
      DescribeRepositories: {
        input: DescribeRepositoriesRequest$,
        output: DescribeRepositoriesResponse$,
        handle: (input: DescribeRepositoriesRequest) => describeRepositories(options, input),
      },
    },
  };
}

function describeImages(options: EcrOptions, input: DescribeImagesRequest): DescribeImagesResponse {
  checkDescribeImages(input);
  const stored = imagesOf(options, input.repositoryName, input.registryId);
  const named = input.imageIds?.map((id) => findOrThrow(options, input.repositoryName ?? '', id));
  const active = ['ACTIVE', 'ANY'].includes(input.filter?.imageStatus ?? 'ACTIVE');
  const chosen = (named ?? stored).filter((image) => active && matches(options, image, input.filter?.tagStatus));
  const request = { limit: pageLimit(input.maxResults), token: input.nextToken };
  const page = paginate(byDigest(chosen), (image) => image.digest, request);
  return { imageDetails: page.items.map((image) => detailOf(options, image)), nextToken: page.nextToken };
}

function listImages(options: EcrOptions, input: ListImagesRequest): ListImagesResponse {
  const stored = imagesOf(options, input.repositoryName, input.registryId);
  const chosen = stored.filter((image) => matches(options, image, input.filter?.tagStatus));
  const ids = chosen.flatMap((image): ImageIdentifier[] => {
    const tags = options.images.tagsOf(image);
    return tags.length === 0
      ? [{ imageDigest: image.digest }]
      : tags.map((imageTag) => ({ imageDigest: image.digest, imageTag }));
  });
  const keyOf = (id: ImageIdentifier): string => `${id.imageDigest} ${id.imageTag ?? ''}`;
  const sorted = ids.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const request = { limit: pageLimit(input.maxResults), token: input.nextToken };
  const page = paginate(sorted, keyOf, request);
  return { imageIds: [...page.items], nextToken: page.nextToken };
}

function batchGetImage(options: EcrOptions, input: BatchGetImageRequest): BatchGetImageResponse {
  const repositoryName = input.repositoryName ?? '';
  imagesOf(options, repositoryName, input.registryId);
  const images: Image[] = [];
  const failures: NonNullable<BatchGetImageResponse['failures']> = [];
  for (const imageId of input.imageIds ?? []) {
    const image = find(options, repositoryName, imageId);
    if (image === undefined) {
      failures.push({ imageId, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' });
    } else {
      images.push(imageOf(options, image, imageId.imageTag));
    }
  }
  return { images, failures };
}

function describeRepositories(options: EcrOptions, input: DescribeRepositoriesRequest): DescribeRepositoriesResponse {
  const names = input.repositoryNames ?? options.images.repositories();
  for (const name of names) {
    imagesOf(options, name, input.registryId);
  }
  const request = { limit: pageLimit(input.maxResults), token: input.nextToken };
  const page = paginate([...names].sort(), (name) => name, request);
  return { repositories: page.items.map((name) => repositoryOf(options, name)), nextToken: page.nextToken };
}

function imagesOf(
  options: EcrOptions,
  name: string | undefined,
  registryId: string | undefined,
): readonly StoredImage[] {
  const registry = registryId ?? options.account;
  checkRegistry(registry);
  checkRepository(name ?? '');
  const images = registry === options.account ? options.images.list(name ?? '') : undefined;
  if (images === undefined) {
    throw new ApiError(
      'RepositoryNotFoundException',
      `The repository with name '${name}' does not exist in the registry with id '${registry}'`,
    );
  }
  return images;
}

function find(options: EcrOptions, repository: string, id: ImageIdentifier): StoredImage | undefined {
  if (id.imageDigest === undefined) {
    return options.images.byTag(repository, id.imageTag ?? '');
  }
  const image = options.images.byDigest(repository, id.imageDigest);
  const tagged = id.imageTag === undefined || (image && options.images.tagsOf(image).includes(id.imageTag));
  return tagged ? image : undefined;
}

function findOrThrow(options: EcrOptions, repository: string, id: ImageIdentifier): StoredImage {
  const image = find(options, repository, id);
  if (image === undefined) {
    const shown = `{imageDigest:'${id.imageDigest ?? 'null'}', imageTag:'${id.imageTag ?? 'null'}'}`;
    throw new ApiError(
      'ImageNotFoundException',
      `The image with imageId ${shown} does not exist within the repository with name '${repository}' in the registry with id '${options.account}'`,
    );
  }
  return image;
}

function matches(options: EcrOptions, image: StoredImage, tagStatus: string | undefined): boolean {
  const tagged = options.images.tagsOf(image).length > 0;
  return tagStatus === undefined || tagStatus === 'ANY' || (tagStatus === 'TAGGED') === tagged;
}

function byDigest(images: readonly StoredImage[]): StoredImage[] {
  const unique = new Map(images.map((image) => [image.digest, image]));
  return [...unique.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function detailOf(options: EcrOptions, image: StoredImage): ImageDetail {
  const tags = options.images.tagsOf(image);
  return {
    registryId: options.account,
    repositoryName: image.repository,
    imageDigest: image.digest,
    ...(tags.length > 0 && { imageTags: [...tags] }),
    imageSizeInBytes: image.manifest.length,
    imagePushedAt: new Date(image.pushedAt),
    imageManifestMediaType: MANIFEST_MEDIA_TYPE,
    imageStatus: 'ACTIVE',
  };
}

function imageOf(options: EcrOptions, image: StoredImage, imageTag: string | undefined): Image {
  return {
    registryId: options.account,
    repositoryName: image.repository,
    imageId: { imageDigest: image.digest, imageTag },
    imageManifest: image.manifest,
    imageManifestMediaType: MANIFEST_MEDIA_TYPE,
  };
}

function repositoryOf(options: EcrOptions, name: string): Repository {
  return {
    repositoryArn: `arn:aws:ecr:${options.region}:${options.account}:repository/${name}`,
    registryId: options.account,
    repositoryName: name,
    repositoryUri: `${registryHost(options.account, options.region)}/${name}`,
    imageTagMutability: 'MUTABLE',
  };
}
