/** CreateRule, DescribeRules, ModifyRule, SetRulePriorities, DeleteRule. */
import {
  type CreateRuleInput,
  CreateRuleInput$,
  type CreateRuleOutput,
  CreateRuleOutput$,
  type DeleteRuleInput,
  DeleteRuleInput$,
  type DeleteRuleOutput,
  DeleteRuleOutput$,
  type DescribeRulesInput,
  DescribeRulesInput$,
  type DescribeRulesOutput,
  DescribeRulesOutput$,
  type ModifyRuleInput,
  ModifyRuleInput$,
  type ModifyRuleOutput,
  ModifyRuleOutput$,
  type RulePriorityPair,
  type RuleTransform,
  type Rule as RuleView,
  type SetRulePrioritiesInput,
  SetRulePrioritiesInput$,
  type SetRulePrioritiesOutput,
  SetRulePrioritiesOutput$,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { ApiError } from '../../service.ts';
import { actionView, parseActions } from '../actions.ts';
import { checkAssociation } from '../association.ts';
import { conditionView, parseConditions } from '../conditions.ts';
import { type Context, listenerOf, operation, ruleOf, visibleRuleOf } from '../context.ts';
import { pageOf, sortedBy } from '../paging.ts';
import type { Listener, Rule } from '../state.ts';
import { listenersOf, rulesOf } from '../store.ts';
import { withTags } from '../tagging.ts';
import { inRange, required, requiredList, unsupported, validationError } from '../validation.ts';

export const ruleOperations = (context: Context) => ({
  CreateRule: operation<CreateRuleInput, CreateRuleOutput>(CreateRuleInput$, CreateRuleOutput$, (input) => ({
    Rules: [viewOf(createRule(context, input))],
  })),
  DescribeRules: operation<DescribeRulesInput, DescribeRulesOutput>(
    DescribeRulesInput$,
    DescribeRulesOutput$,
    (input) => {
      const { items, ...next } = pageOf(select(context, input), sortKey, input);
      return { Rules: items.map(viewOf), ...next };
    },
  ),
  ModifyRule: operation<ModifyRuleInput, ModifyRuleOutput>(ModifyRuleInput$, ModifyRuleOutput$, (input) => ({
    Rules: [viewOf(modifyRule(context, input))],
  })),
  SetRulePriorities: operation<SetRulePrioritiesInput, SetRulePrioritiesOutput>(
    SetRulePrioritiesInput$,
    SetRulePrioritiesOutput$,
    (input) => ({ Rules: setPriorities(context, requiredList(input.RulePriorities, 'rulePriorities')).map(viewOf) }),
  ),
  DeleteRule: operation<DeleteRuleInput, DeleteRuleOutput>(DeleteRuleInput$, DeleteRuleOutput$, (input) =>
    deleteRule(context, required(input.RuleArn, 'ruleArn')),
  ),
});

function createRule(context: Context, input: CreateRuleInput): Rule {
  const { store, arns, quotas } = context;
  const listener = listenerOf(context, required(input.ListenerArn, 'listenerArn'));
  const priority = checkPriority(required(input.Priority, 'priority'));
  const conditions = parseConditions(input.Conditions, quotas);
  const action = parseActions(input.Actions, quotas.targetGroupsPerAction);
  checkNoTransforms(input.Transforms);
  const tags = withTags({}, input.Tags, quotas.tagsPerResource);
  if (rulesOf(store, listener.arn).some((other) => other.priority === priority)) throw priorityInUse(priority);
  checkRuleQuota(context, listener);
  checkAssociation(context, { loadBalancerArn: listener.loadBalancerArn, action });
  const rule: Rule = { arn: arns.rule(listener.arn), listenerArn: listener.arn, priority, conditions, action, tags };
  store.rules.set(rule.arn, rule);
  context.visibility.created(rule.arn);
  context.changed();
  return rule;
}

const checkPriority = (priority: number): number => inRange(priority, 'priority', { min: 1, max: 50_000 });

const priorityInUse = (priority: number): ApiError =>
  new ApiError('PriorityInUse', `Priority '${priority}' is currently in use`);

function checkNoTransforms(transforms: readonly RuleTransform[] | undefined): void {
  if ((transforms ?? []).length > 0) throw unsupported('Transforms', 'leave them out');
}

function checkRuleQuota({ store, quotas }: Context, listener: Listener): void {
  const rules = listenersOf(store, listener.loadBalancerArn).flatMap((each) => rulesOf(store, each.arn));
  if (rules.filter((rule) => rule.priority !== 'default').length < quotas.rulesPerLoadBalancer) return;
  throw new ApiError(
    'TooManyRules',
    `You have reached the maximum number of rules for this load balancer: ${quotas.rulesPerLoadBalancer}`,
  );
}

function select(context: Context, input: DescribeRulesInput): readonly Rule[] {
  const arns = input.RuleArns ?? [];
  if (input.ListenerArn !== undefined && arns.length > 0) {
    throw validationError('Specify either a listener ARN or rule ARNs, not both');
  }
  if (arns.length > 0) {
    return sortedBy(
      [...new Set(arns)].map((arn) => visibleRuleOf(context, arn)),
      sortKey,
    );
  }
  const rules = rulesOf(context.store, listenerOf(context, required(input.ListenerArn, 'listenerArn')).arn);
  return rules.filter((rule) => context.visibility.shows(rule.arn));
}

/** Ascending priority, the default rule last; the ARN tells rules of several listeners apart. */
const sortKey = (rule: Rule): string =>
  `${rule.priority === 'default' ? '~' : String(rule.priority).padStart(5, '0')}|${rule.arn}`;

function modifyRule(context: Context, input: ModifyRuleInput): Rule {
  const rule = changeableRule(context, required(input.RuleArn, 'ruleArn'), 'modify');
  const { loadBalancerArn } = listenerOf(context, rule.listenerArn);
  checkNoTransforms(input.Transforms);
  const conditions =
    input.Conditions === undefined ? rule.conditions : parseConditions(input.Conditions, context.quotas);
  const action =
    input.Actions === undefined ? rule.action : parseActions(input.Actions, context.quotas.targetGroupsPerAction);
  checkAssociation(context, { loadBalancerArn, action, replaces: rule.arn });
  const modified = { ...rule, conditions, action };
  context.store.rules.set(rule.arn, modified);
  context.changed();
  return modified;
}

function changeableRule(context: Context, arn: string, verb: string): Rule {
  const rule = ruleOf(context, arn);
  if (rule.priority !== 'default') return rule;
  throw new ApiError('OperationNotPermitted', `You cannot ${verb} the default rule of a listener: '${arn}'`);
}

/** All or nothing; two rules may swap their priorities. */
function setPriorities(context: Context, pairs: readonly RulePriorityPair[]): readonly Rule[] {
  const moved = pairs.map((pair) => ({
    ...changeableRule(context, required(pair.RuleArn, 'rulePriorities.ruleArn'), 'set the priority of'),
    priority: checkPriority(required(pair.Priority, 'rulePriorities.priority')),
  }));
  const movedArns = new Set(moved.map((rule) => rule.arn));
  if (movedArns.size < moved.length) throw validationError('A rule can only be named once in rulePriorities');
  const staying = [...context.store.rules.values()].filter((rule) => !movedArns.has(rule.arn));
  const taken = new Set(staying.map(slotOf));
  for (const rule of moved) {
    if (taken.has(slotOf(rule))) throw priorityInUse(rule.priority);
    taken.add(slotOf(rule));
  }
  for (const rule of moved) context.store.rules.set(rule.arn, rule);
  context.changed();
  return moved;
}

const slotOf = (rule: Rule): string => `${rule.listenerArn}#${rule.priority}`;

function deleteRule(context: Context, arn: string): DeleteRuleOutput {
  changeableRule(context, arn, 'delete');
  context.store.rules.delete(arn);
  context.changed();
  return {};
}

const viewOf = (rule: Rule): RuleView => ({
  RuleArn: rule.arn,
  Priority: String(rule.priority),
  Conditions: rule.conditions.map(conditionView),
  Actions: [actionView(rule.action)],
  IsDefault: rule.priority === 'default',
});
