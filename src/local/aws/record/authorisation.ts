/** What IAM would be asked about a call: the words of AWS's Service Authorization Reference. */

/** By name of the condition key, e.g. `aws:RequestTag/team`; several values where the key has several. */
export type Conditions = Readonly<Record<string, string | readonly string[]>>;

/** One question to IAM. A call asks several when it also passes a role or sets tags. */
export interface Authorisation {
  /** e.g. `ecs:RunTask`, `iam:PassRole`. */
  readonly action: string;
  /** ARNs; `*` alone for actions without resource-level permissions. What does not exist yet has `*` for its id. */
  readonly resources: readonly string[];
  /** Keys of the request; those of a resource depend on its tags, which the recorder adds. */
  readonly conditions: Conditions;
}

export interface Home {
  /** Twelve digits. */
  readonly account: string;
  readonly region: string;
}

/** What a question depends on beside the request. */
export interface Known {
  /** Undefined when there is no such resource, or it cannot have tags. */
  tagsOf(arn: string): Readonly<Record<string, string>> | undefined;
  /** ARNs of the roles that a task definition names; by family, `family:revision` or ARN. */
  rolesOf(taskDefinition: string): readonly string[];
}

/** The questions of one operation. */
export type Ask = (input: Record<string, unknown>, home: Home, known: Known) => readonly Authorisation[];

export const ANY: readonly string[] = ['*'];

export const NOTHING_KNOWN: Known = { tagsOf: () => undefined, rolesOf: () => [] };

/** `aws:RequestTag/…` and `aws:TagKeys`, from a request's tags in ECS's spelling or in ELB's. */
export function requestTags(tags: unknown): Conditions {
  const pairs = list(tags).map((tag) => {
    const { key, value, Key, Value } = tag as Partial<Record<'key' | 'value' | 'Key' | 'Value', string>>;
    return [key ?? Key ?? '', value ?? Value ?? ''] as const;
  });
  if (pairs.length === 0) return {};
  const named = pairs.map(([key, value]) => [`aws:RequestTag/${key}`, value] as const);
  return { ...Object.fromEntries(named), 'aws:TagKeys': pairs.map(([key]) => key) };
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

export function texts(value: unknown): readonly string[] {
  return list(value).map(text);
}
