/** Image references: `registry/repository:tag` or `registry/repository@sha256:…`. Pure. */
import type { EcrImage } from './ports.ts';

const ECR_HOST = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)\/(.+)$/;

/** Repository, and tag or digest where the reference has one. A colon before the last slash is a registry's port. */
function splitImage(image: string): { repository: string; tag: string | undefined } {
  const at = image.indexOf('@');
  const name = at < 0 ? image : image.slice(0, at);
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  const repository = colon < 0 ? name : name.slice(0, colon);
  if (at >= 0) return { repository, tag: image.slice(at + 1) };
  return { repository, tag: colon < 0 ? undefined : name.slice(colon + 1) };
}

/** The same repository at another tag; a tag of the form `sha256:…` is a digest. Tag and digest of `image` are dropped. */
export function withTag(image: string, tag: string): string {
  const { repository } = splitImage(image);
  return `${repository}${tag.startsWith('sha256:') ? '@' : ':'}${tag}`;
}

/** Where ECR keeps the image; `tag` may be a digest, and is `latest` when none is named. Undefined for other registries. */
export function parseEcrImage(image: string): EcrImage | undefined {
  const [, registryId, region, path] = ECR_HOST.exec(image) ?? [];
  if (!registryId || !region || !path) return undefined;
  const { repository, tag } = splitImage(path);
  return { registryId, region, repository, tag: tag ?? 'latest' };
}
