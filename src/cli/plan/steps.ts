/** Steps in words. Values of variables never appear: of a task's environment only the names are told. */
import { nameOfTargetGroup } from '../../model/names.ts';
import type { ObservedRule } from '../../model/observed.ts';
import type { Step, StepKind, Weights } from '../../model/step.ts';
import { plain } from '../terminal.ts';

export type Change = 'create' | 'change' | 'delete';

export interface ToldStep {
  readonly kind: StepKind;
  readonly change: Change;
  /** What is done, e.g. `create rule tt-one.example.com (priority 1017)`. */
  readonly what: string;
  readonly why: string;
  /** ARN, or the name of what is to be made. */
  readonly resource: string;
}

/** `rules` are those that were observed: a rule is told by its hosts rather than by its ARN. */
export function tellStep(step: Step, rules: readonly ObservedRule[]): ToldStep {
  const { what, change, resource } = wordsOf(step, rules);
  return { kind: step.kind, change, what: plain(what), why: plain(step.why), resource };
}

type Words = Omit<ToldStep, 'kind' | 'why'>;

function wordsOf(step: Step, rules: readonly ObservedRule[]): Words {
  switch (step.kind) {
    case 'register-task-definition': {
      const { family, baseArn, container, image } = step.spec;
      return create(`register task definition ${family}: ${last(baseArn)} with image ${image} in ${container}`, family);
    }
    case 'run-task':
    case 'adopt-task':
      return attemptWords(step);
    case 'stop-task':
      return remove(`stop task ${last(step.taskArn)} in cluster ${last(step.cluster)}`, step.taskArn);
    case 'create-target-group':
    case 'complete-target-group':
    case 'modify-target-group':
    case 'delete-target-group':
      return groupWords(step);
    case 'create-rule': {
      const { host, priority, targetGroupName, weights } = step.spec;
      return create(`create rule ${host} to ${targetGroupName} (priority ${priority}, ${weighed(weights)})`, host);
    }
    case 'set-weights':
      return change(`set weights of ${ruleWords(step.ruleArn, rules)}: ${weighed(step.weights)}`, step.ruleArn);
    case 'delete-rule':
      return remove(`delete ${ruleWords(step.ruleArn, rules)}`, step.ruleArn);
    case 'register-target':
      return create(`register target ${step.ip}:${step.port} in ${groupOf(step.targetGroupArn)}`, step.targetGroupArn);
    case 'deregister-target':
      return remove(
        `deregister target ${step.ip}:${step.port} from ${groupOf(step.targetGroupArn)}`,
        step.targetGroupArn,
      );
    case 'sync':
      return change(
        `tell task ${last(step.taskArn)} to serve ${step.branch} at ${step.commit.slice(0, 7)}`,
        step.taskArn,
      );
  }
}

function attemptWords(step: Extract<Step, { kind: 'run-task' | 'adopt-task' }>): Words {
  const { number, request } = step.attempt;
  if (step.kind === 'adopt-task') return change(`adopt task ${last(step.taskArn)} (attempt ${number})`, step.taskArn);
  const { taskDefinition, cluster, cpu, memory, env } = request;
  const size = [cpu && `${cpu} CPU units`, memory && `${memory} MiB`].filter(Boolean);
  const names = Object.keys(env).toSorted().join(' ');
  const details = [`attempt ${number}`, ...size, `variables ${names}`].join(', ');
  return create(`run task ${last(taskDefinition)} in cluster ${last(cluster)} (${details})`, last(taskDefinition));
}

type GroupStep = Extract<
  Step,
  { kind: 'create-target-group' | 'complete-target-group' | 'modify-target-group' | 'delete-target-group' }
>;

function groupWords(step: GroupStep): Words {
  if (step.kind === 'create-target-group') {
    const { name, port, healthPath, healthIntervalSeconds } = step.spec;
    return create(`create ${named(name)} (port ${port}, ${checked(healthPath, healthIntervalSeconds)})`, name);
  }
  const group = groupOf(step.targetGroupArn);
  if (step.kind === 'delete-target-group') return remove(`delete ${group}`, step.targetGroupArn);
  if (step.kind === 'complete-target-group') {
    return change(
      `set the deregistration delay of ${group}: ${step.deregistrationDelaySeconds} s`,
      step.targetGroupArn,
    );
  }
  const { path, intervalSeconds } = step.healthCheck;
  return change(`set health check of ${group}: ${checked(path, intervalSeconds)}`, step.targetGroupArn);
}

function checked(path: string, seconds: number): string {
  return `asked for ${path} every ${seconds} s`;
}

function groupOf(arn: string): string {
  return named(nameOfTargetGroup(arn) ?? arn);
}

function named(group: string): string {
  return `target group ${group}`;
}

function weighed({ environment, frontDoor }: Weights): string {
  return `environment ${environment.weight}, front door ${frontDoor.weight}`;
}

function ruleWords(arn: string, rules: readonly ObservedRule[]): string {
  const rule = rules.find((each) => each.arn === arn);
  if (!rule) return `rule ${last(arn)}`;
  return `rule ${rule.hosts.join(' ') || last(arn)} (priority ${rule.priority})`;
}

function last(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

function create(what: string, resource: string): Words {
  return { change: 'create', what, resource };
}

function change(what: string, resource: string): Words {
  return { change: 'change', what, resource };
}

function remove(what: string, resource: string): Words {
  return { change: 'delete', what, resource };
}
