/** What the desired tag of a project leads to: an image, and the task definition revision that runs it (DESIGN §6.1). */
import { derivedFamily } from '../model/names.ts';
import type { ObservedImage, RegisterSpec } from '../model/observed.ts';
import type { Project } from '../model/project.ts';
import { parseEcrImage, withTag } from '../aws/image.ts';
import type { Aws, EcrImage, TaskDefinition } from '../aws/ports.ts';
import type { Clock } from '../runtime/clock.ts';
import { makeTtlCache } from './ttl-cache.ts';

const DEFINITION_TTL_MS = 30_000;
const FOUND_TTL_MS = 60_000;
const ABSENT_TTL_MS = 5_000;

export type ResolveImage = (project: Project, tag: string) => Promise<ObservedImage>;

export interface ImageOptions {
  readonly aws: Pick<Aws, 'ecs' | 'ecr'>;
  readonly installation: string;
  readonly clock: Clock;
}

export function makeResolveImage({ aws, installation, clock }: ImageOptions): ResolveImage {
  // Absence is not kept: the next look must find what the step in between has registered.
  const definitions = makeTtlCache<TaskDefinition | undefined>({
    clock,
    ttlMs: (definition) => (definition?.active ? DEFINITION_TTL_MS : 0),
  });
  const digests = makeTtlCache<string | undefined>({
    clock,
    ttlMs: (digest) => (digest === undefined ? ABSENT_TTL_MS : FOUND_TTL_MS),
  });

  const newest = async (name: string): Promise<TaskDefinition | undefined> => {
    const definition = await definitions.get(name, () => aws.ecs.describeTaskDefinition(name));
    return definition?.active ? definition : undefined;
  };
  const exists = async (image: EcrImage): Promise<boolean> =>
    (await digests.get(JSON.stringify(image), () => aws.ecr.imageDigest(image))) !== undefined;
  const derived = async (spec: RegisterSpec): Promise<ObservedImage> => {
    const { image } = spec;
    const definition = await newest(spec.family);
    const fits = definition?.containers.some((one) => one.name === spec.container && one.image === image);
    if (!definition || !fits) return { ok: true, image, register: spec };
    return { ok: true, image, taskDefinitionArn: definition.arn };
  };

  return async (project, tag) => {
    const base = await newest(project.taskDefinition);
    const container = base?.containers.find(({ name }) => name === project.container);
    if (!base || !container) return definitionNotFound(project, base);
    const image = tag === project.defaultTag ? container.image : withTag(container.image, tag);
    const inEcr = parseEcrImage(image);
    if (inEcr && !(await exists(inEcr))) return imageNotFound(inEcr);
    if (image === container.image) return { ok: true, image, taskDefinitionArn: base.arn };
    const family = derivedFamily(installation, project.name, base.arn, image);
    return derived({ family, baseArn: base.arn, container: project.container, image });
  };
}

function definitionNotFound(project: Project, base: TaskDefinition | undefined): ObservedImage {
  const found = base
    ? `${base.arn} has no container ${project.container}; found: ${base.containers.map(({ name }) => name).join(', ')}`
    : `ECS has no ACTIVE task definition ${project.taskDefinition}`;
  return { ok: false, reason: 'TaskDefinitionNotFound', message: `project ${project.name}: ${found}` };
}

function imageNotFound({ registryId, repository, tag }: EcrImage): ObservedImage {
  const what = tag.startsWith('sha256:') ? 'digest' : 'tag';
  const message = `ECR repository ${repository} of account ${registryId} has no image with the ${what} ${tag}`;
  return { ok: false, reason: 'ImageNotFound', message };
}
