/** Limits with AWS's defaults. AWS-FACTS ELBv2 "quotas"; `registrationsPerTarget` from memory. */
export interface Quotas {
  readonly loadBalancers: number;
  readonly listenersPerLoadBalancer: number;
  /** Without the default rules. */
  readonly rulesPerLoadBalancer: number;
  readonly targetGroups: number;
  readonly targetGroupsPerLoadBalancer: number;
  readonly targetGroupsPerAction: number;
  readonly targetsPerTargetGroup: number;
  readonly targetsPerLoadBalancer: number;
  /** How often one address can be registered with a load balancer: in several groups, or on several ports. */
  readonly registrationsPerTarget: number;
  readonly conditionValuesPerRule: number;
  readonly wildcardsPerRule: number;
  readonly tagsPerResource: number;
}

export const awsQuotas: Quotas = {
  loadBalancers: 50,
  listenersPerLoadBalancer: 50,
  rulesPerLoadBalancer: 100,
  targetGroups: 3000,
  targetGroupsPerLoadBalancer: 100,
  targetGroupsPerAction: 5,
  targetsPerTargetGroup: 1000,
  targetsPerLoadBalancer: 1000,
  registrationsPerTarget: 100,
  conditionValuesPerRule: 5,
  wildcardsPerRule: 6,
  tagsPerResource: 50,
};
