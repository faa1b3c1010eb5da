/** Rule conditions: from the API's shape, checked, to ours and back. */
import type {
  HostHeaderConditionConfig,
  PathPatternConditionConfig,
  RuleCondition,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Quotas } from './quotas.ts';
import type { Condition } from './state.ts';
import { required, requiredList, unsupported, validationError } from './validation.ts';

const maxValueLength = 128;

/** Throws ValidationError. Each field may appear once in a rule. */
export function parseConditions(input: readonly RuleCondition[] | undefined, quotas: Quotas): readonly Condition[] {
  const conditions = requiredList(input, 'conditions').map(parseCondition);
  const fields = conditions.map((condition) => condition.field);
  const repeated = fields.find((field, index) => fields.indexOf(field) !== index);
  if (repeated !== undefined) throw validationError(`A rule can only have one '${repeated}' condition`);
  checkCounts(conditions, quotas);
  return conditions;
}

function parseCondition(input: RuleCondition): Condition {
  const field = required(input.Field, 'conditions.field');
  switch (field) {
    case 'host-header':
      return { field, values: parseValues(input, input.HostHeaderConfig, checkHost) };
    case 'path-pattern':
      return { field, values: parseValues(input, input.PathPatternConfig, checkPath) };
    default:
      throw unsupported(`Condition field '${field}'`, 'use host-header or path-pattern');
  }
}

/** From the new place or, when there are none, from the old one. */
function parseValues(
  input: RuleCondition,
  config: HostHeaderConditionConfig | PathPatternConditionConfig | undefined,
  check: (value: string) => void,
): readonly string[] {
  if (given(input.RegexValues) || given(config?.RegexValues)) throw unsupported('RegexValues', 'use Values');
  const values = requiredList(given(config?.Values) ? config?.Values : input.Values, 'conditions.values');
  for (const value of values) check(value);
  return [...values];
}

const given = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0;

function checkCounts(conditions: readonly Condition[], quotas: Quotas): void {
  const values = conditions.flatMap((condition) => condition.values);
  if (values.length > quotas.conditionValuesPerRule) {
    throw validationError(
      `A rule can only have '${quotas.conditionValuesPerRule}' condition values; found ${values.length}`,
    );
  }
  const wildcards = values.join('').replaceAll(/[^*?]/g, '').length;
  if (wildcards > quotas.wildcardsPerRule) {
    throw validationError(`A rule can only have '${quotas.wildcardsPerRule}' wildcards; found ${wildcards}`);
  }
}

/** AWS-FACTS ELBv2 "host-header". */
function checkHost(value: string): void {
  checkLength(value, 'host-header');
  if (!/^[A-Za-z0-9.*?-]+$/.test(value)) {
    throw validationError(`Host name '${value}' contains invalid characters; allowed are A-Z a-z 0-9 - . * ?`);
  }
  if (!/\.[A-Za-z]+$/.test(value)) {
    throw validationError(
      `Host name '${value}' must contain at least one '.' and only alphabetical characters after the final '.'`,
    );
  }
}

function checkPath(value: string): void {
  checkLength(value, 'path-pattern');
  if (!/^[A-Za-z0-9_\-.$/~"'@:+&*?]+$/.test(value)) {
    throw validationError(
      `Path pattern '${value}' contains invalid characters; allowed are A-Z a-z 0-9 _ - . $ / ~ " ' @ : + & * ?`,
    );
  }
}

function checkLength(value: string, field: string): void {
  if (value.length === 0 || value.length > maxValueLength) {
    throw validationError(
      `A '${field}' condition value must be 1 to ${maxValueLength} characters long; found ${value.length}`,
    );
  }
}

/** As DescribeRules shows it: the values twice, in the old place and in the new one. */
export function conditionView(condition: Condition): RuleCondition {
  const Values = [...condition.values];
  return condition.field === 'host-header'
    ? { Field: condition.field, Values, HostHeaderConfig: { Values } }
    : { Field: condition.field, Values, PathPatternConfig: { Values } };
}
