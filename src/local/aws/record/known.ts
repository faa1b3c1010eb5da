/** Tags and roles as the local services hold them, asked through their own operations. */
import { ApiError } from '../service.ts';
import type { Service } from '../service.ts';
import type { Known } from './authorisation.ts';
import { text } from './authorisation.ts';

interface Tag {
  readonly key?: string;
  readonly value?: string;
}

/** Services that answer later than at once are not asked: their resources have no tags here. */
export function knownFrom(services: readonly Service[]): Known {
  const ask = (signingName: string, operation: string, input: object): Record<string, unknown> => {
    const service = services.find((one) => one.signingName === signingName);
    return service === undefined ? {} : answerOf(service, operation, input);
  };
  return {
    tagsOf(arn) {
      if (arn.startsWith('arn:aws:ecs:') && !arn.endsWith('*')) {
        return ecsTags(ask('ecs', 'ListTagsForResource', { resourceArn: arn })['tags']);
      }
      if (arn.startsWith('arn:aws:elasticloadbalancing:') && !arn.endsWith('*')) {
        return elbTags(ask('elasticloadbalancing', 'DescribeTags', { ResourceArns: [arn] })['TagDescriptions']);
      }
      return undefined;
    },
    rolesOf(taskDefinition) {
      const { taskDefinition: found } = ask('ecs', 'DescribeTaskDefinition', { taskDefinition }) as {
        taskDefinition?: { readonly taskRoleArn?: string; readonly executionRoleArn?: string };
      };
      return [text(found?.taskRoleArn), text(found?.executionRoleArn)].filter((role) => role !== '');
    },
  };
}

/** Empty when there is no such thing: the call itself will say so. */
function answerOf(service: Service, operation: string, input: object): Record<string, unknown> {
  try {
    const answer = service.operations[operation]?.handle(input as never) ?? {};
    return answer instanceof Promise ? {} : (answer as Record<string, unknown>);
  } catch (error) {
    if (error instanceof ApiError) return {};
    throw error;
  }
}

function ecsTags(tags: unknown): Readonly<Record<string, string>> | undefined {
  if (!Array.isArray(tags)) return undefined;
  return Object.fromEntries((tags as Tag[]).map(({ key = '', value = '' }) => [key, value]));
}

function elbTags(descriptions: unknown): Readonly<Record<string, string>> | undefined {
  if (!Array.isArray(descriptions)) return undefined;
  const [first] = descriptions as { readonly Tags?: { readonly Key?: string; readonly Value?: string }[] }[];
  return Object.fromEntries((first?.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}
