/** ELBv2 behind `Elbv2Port`. */
import {
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteRuleCommand,
  DeleteTargetGroupCommand,
  DeregisterTargetsCommand,
  DescribeListenersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  ModifyRuleCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Call } from './call.ts';
import { malformed, required, undefinedIfNotFound } from './classify.ts';
import {
  forwardTo,
  hostIs,
  toCreateTargetGroupInput,
  toHealthCheckInput,
  toObservedRule,
  toObservedTarget,
  toObservedTargetGroup,
  toTagged,
  toTags,
} from './elbv2-shapes.ts';
import { collectPages } from './pages.ts';
import type { Elbv2Port, Tags } from './ports.ts';

/** AWS-FACTS ELBv2 "pages". */
const PAGE_SIZE = 400;
const TAGS_PER_CALL = 20;

export function makeElbv2(client: ElasticLoadBalancingV2Client, call: Call): Elbv2Port {
  return {
    ...makeReads(client, call),
    ...makeTags(client, call),
    ...makeTargetGroups(client, call),
    ...makeRules(client, call),
  };
}

type Reads = Pick<Elbv2Port, 'describeTargetGroups' | 'describeRules' | 'describeTargetHealth' | 'listenerExists'>;

function makeReads(client: ElasticLoadBalancingV2Client, call: Call): Reads {
  return {
    describeTargetGroups: () =>
      collectPages(async (Marker) => {
        const command = new DescribeTargetGroupsCommand({ PageSize: PAGE_SIZE, Marker });
        const answer = await call('elasticloadbalancing:DescribeTargetGroups', (options) =>
          client.send(command, options),
        );
        return { items: (answer.TargetGroups ?? []).map(toObservedTargetGroup), next: answer.NextMarker };
      }),

    describeRules: (ListenerArn) =>
      collectPages(async (Marker) => {
        const command = new DescribeRulesCommand({ ListenerArn, PageSize: PAGE_SIZE, Marker });
        const answer = await call('elasticloadbalancing:DescribeRules', (options) => client.send(command, options));
        const rules = (answer.Rules ?? []).filter(({ IsDefault }) => !IsDefault);
        return {
          items: rules.map((rule) => toObservedRule(rule, 'elasticloadbalancing:DescribeRules')),
          next: answer.NextMarker,
        };
      }),

    async describeTargetHealth(TargetGroupArn) {
      const command = new DescribeTargetHealthCommand({ TargetGroupArn });
      const answer = await call('elasticloadbalancing:DescribeTargetHealth', (options) =>
        client.send(command, options),
      );
      return (answer.TargetHealthDescriptions ?? []).map(toObservedTarget);
    },

    async listenerExists(arn) {
      const command = new DescribeListenersCommand({ ListenerArns: [arn] });
      const asked = call('elasticloadbalancing:DescribeListeners', (options) => client.send(command, options));
      const answer = await asked.catch(undefinedIfNotFound);
      return (answer?.Listeners ?? []).some(({ ListenerArn }) => ListenerArn === arn);
    },
  };
}

/** One ARN that is gone fails its whole batch (AWS-FACTS ELBv2 "pages"), of which each is then asked for alone. */
function makeTags(client: ElasticLoadBalancingV2Client, call: Call): Pick<Elbv2Port, 'describeTags'> {
  const operation = 'elasticloadbalancing:DescribeTags';
  const ask = async (arns: readonly string[]): Promise<readonly (readonly [string, Tags])[]> => {
    const command = new DescribeTagsCommand({ ResourceArns: [...arns] });
    const asked = call(operation, (options) => client.send(command, options));
    const answer = await asked.catch(undefinedIfNotFound);
    if (answer) return (answer.TagDescriptions ?? []).map(toTagged);
    if (arns.length === 1) return [];
    return (await Promise.all(arns.map((arn) => ask([arn])))).flat();
  };
  return {
    async describeTags(arns) {
      const unique = [...new Set(arns)];
      const starts = Array.from({ length: Math.ceil(unique.length / TAGS_PER_CALL) }, (_, at) => at * TAGS_PER_CALL);
      const answers = await Promise.all(starts.map((start) => ask(unique.slice(start, start + TAGS_PER_CALL))));
      return new Map(answers.flat());
    },
  };
}

type TargetGroups = Pick<
  Elbv2Port,
  | 'createTargetGroup'
  | 'setDeregistrationDelay'
  | 'setHealthCheck'
  | 'deleteTargetGroup'
  | 'registerTarget'
  | 'deregisterTarget'
>;

function makeTargetGroups(client: ElasticLoadBalancingV2Client, call: Call): TargetGroups {
  const setDeregistrationDelay = async (TargetGroupArn: string, seconds: number): Promise<void> => {
    const delay = { Key: 'deregistration_delay.timeout_seconds', Value: String(seconds) };
    const command = new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes: [delay] });
    await call('elasticloadbalancing:ModifyTargetGroupAttributes', (options) => client.send(command, options));
  };

  return {
    async createTargetGroup(spec) {
      const operation = 'elasticloadbalancing:CreateTargetGroup';
      const command = new CreateTargetGroupCommand(toCreateTargetGroupInput(spec));
      const answer = await call(operation, (options) => client.send(command, options));
      const arn = required(answer.TargetGroups?.[0]?.TargetGroupArn, operation, 'TargetGroupArn');
      await setDeregistrationDelay(arn, spec.deregistrationDelaySeconds);
      return arn;
    },

    setDeregistrationDelay,

    async setHealthCheck(TargetGroupArn, check) {
      const command = new ModifyTargetGroupCommand({ TargetGroupArn, ...toHealthCheckInput(check) });
      await call('elasticloadbalancing:ModifyTargetGroup', (options) => client.send(command, options));
    },

    async deleteTargetGroup(TargetGroupArn) {
      const command = new DeleteTargetGroupCommand({ TargetGroupArn });
      const asked = call('elasticloadbalancing:DeleteTargetGroup', (options) => client.send(command, options));
      await asked.catch(undefinedIfNotFound);
    },

    async registerTarget(TargetGroupArn, ip, port) {
      const command = new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: ip, Port: port }] });
      await call('elasticloadbalancing:RegisterTargets', (options) => client.send(command, options));
    },

    async deregisterTarget(TargetGroupArn, ip, port) {
      const command = new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: ip, Port: port }] });
      const asked = call('elasticloadbalancing:DeregisterTargets', (options) => client.send(command, options));
      await asked.catch(undefinedIfNotFound);
    },
  };
}

function makeRules(
  client: ElasticLoadBalancingV2Client,
  call: Call,
): Pick<Elbv2Port, 'createRule' | 'setRuleWeights' | 'deleteRule'> {
  return {
    async createRule(rule) {
      const operation = 'elasticloadbalancing:CreateRule';
      const command = new CreateRuleCommand({
        ListenerArn: rule.listenerArn,
        Priority: rule.priority,
        Conditions: [hostIs(rule.host)],
        Actions: [forwardTo(rule.forward)],
        Tags: toTags(rule.tags),
      });
      const answer = await call(operation, (options) => client.send(command, options));
      const created = answer.Rules?.[0];
      if (!created) throw malformed(operation, 'the rule');
      return toObservedRule(created, operation);
    },

    async setRuleWeights(RuleArn, weights) {
      const command = new ModifyRuleCommand({ RuleArn, Actions: [forwardTo(weights)] });
      await call('elasticloadbalancing:ModifyRule', (options) => client.send(command, options));
    },

    async deleteRule(RuleArn) {
      const command = new DeleteRuleCommand({ RuleArn });
      const asked = call('elasticloadbalancing:DeleteRule', (options) => client.send(command, options));
      await asked.catch(undefinedIfNotFound);
    },
  };
}
