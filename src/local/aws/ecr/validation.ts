/** Parameters of ECR, as its API model bounds them; refusals are in its words. */
import type { DescribeImagesRequest, ImageIdentifier } from '@aws-sdk/client-ecr';
import { ApiError } from '../service.ts';

const MAX_RESULTS = 1000;
const DEFAULT_RESULTS = 100;
const MAX_IDS = 100;
const MAX_TAG = 300;
const REPOSITORY = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;

/** Throws InvalidParameterException. */
export function checkDescribeImages(input: DescribeImagesRequest): void {
  const { imageIds, maxResults, nextToken } = input;
  if (imageIds === undefined) return;
  if (maxResults !== undefined || nextToken !== undefined) {
    throw invalid('nextToken and maxResults cannot be used with imageIds');
  }
  checkBounds('imageIds', 'length', imageIds.length, MAX_IDS);
  imageIds.forEach(checkId);
}

function checkId({ imageTag, imageDigest }: ImageIdentifier): void {
  if (imageTag === undefined && imageDigest === undefined) {
    throw invalid('The imageId must have an imageTag, an imageDigest or both');
  }
  if (imageTag !== undefined) {
    checkBounds('imageTag', 'length', imageTag.length, MAX_TAG);
  }
  if (imageDigest !== undefined && !/^[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+$/.test(imageDigest)) {
    throw constraint('imageDigest', "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'");
  }
}

/** Throws InvalidParameterException. */
export function checkRegistry(registryId: string): void {
  if (!/^\d{12}$/.test(registryId)) {
    throw constraint('registryId', "must satisfy regular expression '[0-9]{12}'");
  }
}

/** Throws InvalidParameterException. */
export function checkRepository(name: string): void {
  if (name.length < 2 || name.length > 256 || !REPOSITORY.test(name)) {
    throw constraint('repositoryName', `must satisfy regular expression '${REPOSITORY.source.slice(1, -1)}'`);
  }
}

/** Throws InvalidParameterException; 100 when it is left out. */
export function pageLimit(maxResults: number | undefined): number {
  const limit = maxResults ?? DEFAULT_RESULTS;
  checkBounds('maxResults', 'value', limit, MAX_RESULTS);
  return limit;
}

function checkBounds(member: string, what: 'length' | 'value', found: number, max: number): void {
  if (found > max) throw constraint(member, `Member must have ${what} less than or equal to ${max}`);
  if (found < 1) throw constraint(member, `Member must have ${what} greater than or equal to 1`);
}

function constraint(member: string, what: string): ApiError {
  return invalid(`Invalid parameter at '${member}' failed to satisfy constraint: '${what}'`);
}

function invalid(message: string): ApiError {
  return new ApiError('InvalidParameterException', message);
}
