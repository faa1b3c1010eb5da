/** The images that tasks can run: a command on this machine under the name of an image in ECR. */
import { createHash } from 'node:crypto';

export interface LocalImage {
  readonly repository: string;
  readonly tag: string;
  /** The program and its arguments, e.g. `['node', '/path/to/server.ts']`. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface StoredImage {
  readonly repository: string;
  /** `sha256:…` of the manifest: equal commands and environments give equal digests. */
  readonly digest: string;
  readonly manifest: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Ms since the epoch. */
  readonly pushedAt: number;
}

export const MANIFEST_MEDIA_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';

export interface Images {
  /** A tag that exists moves to the new image; the old one stays, untagged, as in ECR. */
  add(image: LocalImage): void;
  /** `{account}.dkr.ecr.{region}.amazonaws.com/{repository}:{tag}` or `…@sha256:…`; undefined when there is none. */
  resolve(reference: string): StoredImage | undefined;
  repositories(): readonly string[];
  /** In the order in which they were added; undefined for an unknown repository. */
  list(repository: string): readonly StoredImage[] | undefined;
  byTag(repository: string, tag: string): StoredImage | undefined;
  byDigest(repository: string, digest: string): StoredImage | undefined;
  tagsOf(image: StoredImage): readonly string[];
}

interface Repository {
  readonly images: Map<string, StoredImage>;
  readonly tags: Map<string, string>;
}

export function makeImages(registry: string, now: () => number, initial: readonly LocalImage[] = []): Images {
  const repositories = new Map<string, Repository>();
  const byDigest = (repository: string, digest: string): StoredImage | undefined =>
    repositories.get(repository)?.images.get(digest);
  const byTag = (repository: string, tag: string): StoredImage | undefined =>
    byDigest(repository, repositories.get(repository)?.tags.get(tag) ?? '');
  const images: Images = {
    add(image) {
      const stored = store(image, now());
      const repository = repositories.get(image.repository) ?? { images: new Map(), tags: new Map() };
      repositories.set(image.repository, repository);
      if (!repository.images.has(stored.digest)) {
        repository.images.set(stored.digest, stored);
      }
      repository.tags.set(image.tag, stored.digest);
    },
    resolve(reference) {
      const parsed = parseReference(registry, reference);
      return (
        parsed &&
        (parsed.tag === undefined ? byDigest(parsed.repository, parsed.digest) : byTag(parsed.repository, parsed.tag))
      );
    },
    repositories: () => [...repositories.keys()].sort(),
    list: (repository) => {
      const found = repositories.get(repository);
      return found && [...found.images.values()];
    },
    byTag,
    byDigest,
    tagsOf: (image) =>
      [...(repositories.get(image.repository)?.tags ?? [])]
        .filter(([, digest]) => digest === image.digest)
        .map(([tag]) => tag),
  };
  for (const image of initial) {
    images.add(image);
  }
  return images;
}

/** Of an account's private registry in a region. */
export function registryHost(account: string, region: string): string {
  return `${account}.dkr.ecr.${region}.amazonaws.com`;
}

type Reference =
  | { readonly repository: string; readonly tag: string }
  | { readonly repository: string; readonly tag?: undefined; readonly digest: string };

function parseReference(registry: string, reference: string): Reference | undefined {
  if (!reference.startsWith(`${registry}/`)) {
    return undefined;
  }
  const path = reference.slice(registry.length + 1);
  const [repository = '', digest] = path.split('@');
  if (digest !== undefined) {
    return { repository: repository.replace(/:[^/]*$/, ''), digest };
  }
  const colon = path.lastIndexOf(':');
  return colon < 0
    ? { repository: path, tag: 'latest' }
    : { repository: path.slice(0, colon), tag: path.slice(colon + 1) };
}

function store(image: LocalImage, pushedAt: number): StoredImage {
  checkImage(image);
  const env = image.env ?? {};
  const config = JSON.stringify({ command: image.command, env: sorted(env) });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_MEDIA_TYPE,
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', digest: sha256(config) },
    layers: [],
  });
  const { repository, command } = image;
  return { repository, digest: sha256(manifest), manifest, command: [...command], env: { ...env }, pushedAt };
}

function checkImage(image: LocalImage): void {
  const name = `image ${image.repository}:${image.tag}`;
  if (!/^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/.test(image.repository)) {
    throw new Error(`${name}: the repository must be lower-case letters, digits and single . _ - / between them`);
  }
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(image.tag)) {
    throw new Error(`${name}: the tag must be 1 to 128 letters, digits, _ . - and not start with . or -`);
  }
  if (image.command.length === 0 || image.command[0] === '') {
    throw new Error(`${name}: the command must name a program`);
  }
}

function sorted(env: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
