/** A plan is data: steps in the order of their execution, each with its reason in words (DESIGN §1.3). */
import type { HealthCheck } from './health-check.ts';
import type { RegisterSpec } from './observed.ts';

/** The part of ECS RunTask that Mayfly uses, kept word for word beside its client token. */
export interface RunTaskRequest {
  readonly cluster: string;
  readonly taskDefinition: string;
  readonly launchType: 'FARGATE' | 'EC2';
  readonly startedBy: string;
  readonly group: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: boolean;
  readonly container: string;
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

export type Step =
  | { readonly kind: 'register-task-definition'; readonly spec: RegisterSpec; readonly why: string }
  /** `attempt` is written to the record first; a repeated attempt carries the recorded token and request. */
  | { readonly kind: 'run-task'; readonly attempt: PlannedAttempt; readonly why: string }
  | { readonly kind: 'adopt-task'; readonly taskArn: string; readonly attempt: PlannedAttempt; readonly why: string }
  | { readonly kind: 'stop-task'; readonly cluster: string; readonly taskArn: string; readonly why: string }
  | { readonly kind: 'create-target-group'; readonly spec: TargetGroupSpec; readonly why: string }
  /** Making a group takes two calls, and only the first may have come through. */
  | {
      readonly kind: 'complete-target-group';
      readonly targetGroupArn: string;
      readonly deregistrationDelaySeconds: number;
      readonly why: string;
    }
  | {
      readonly kind: 'modify-target-group';
      readonly targetGroupArn: string;
      readonly healthCheck: HealthCheck;
      readonly why: string;
    }
  /** The target group may be the one made by the step before: it is named, and resolved when applied. */
  | { readonly kind: 'create-rule'; readonly spec: RuleSpec; readonly why: string }
  | { readonly kind: 'set-weights'; readonly ruleArn: string; readonly weights: Weights; readonly why: string }
  | { readonly kind: 'delete-rule'; readonly ruleArn: string; readonly why: string }
  | { readonly kind: 'delete-target-group'; readonly targetGroupArn: string; readonly why: string }
  | {
      readonly kind: 'register-target';
      readonly targetGroupArn: string;
      readonly ip: string;
      readonly port: number;
      readonly why: string;
    }
  | {
      readonly kind: 'deregister-target';
      readonly targetGroupArn: string;
      readonly ip: string;
      readonly port: number;
      readonly why: string;
    }
  | {
      readonly kind: 'sync';
      readonly taskArn: string;
      readonly ip: string;
      readonly branch: string;
      readonly commit: string;
      readonly why: string;
    };

export type StepKind = Step['kind'];

export interface PlannedAttempt {
  readonly number: number;
  readonly taskHash: string;
  readonly clientToken: string;
  readonly request: RunTaskRequest;
  readonly requestedAt: string;
}

export interface TargetGroupSpec {
  readonly name: string;
  readonly vpcId: string;
  readonly port: number;
  readonly healthPath: string;
  readonly healthIntervalSeconds: number;
  readonly deregistrationDelaySeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface RuleSpec {
  readonly listenerArn: string;
  readonly priority: number;
  readonly host: string;
  readonly targetGroupName: string;
  readonly weights: Weights;
  readonly tags: Readonly<Record<string, string>>;
}

/** Weights of the environment's own target group and of the front door's: one is 1, the other 0. */
export interface Weights {
  readonly environment: { readonly targetGroupArn?: string | undefined; readonly weight: 0 | 1 };
  readonly frontDoor: { readonly targetGroupArn: string; readonly weight: 0 | 1 };
}
