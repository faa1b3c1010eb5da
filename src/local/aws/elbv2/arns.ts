/** ARNs in AWS's shapes. The hexadecimal ids come from the injected randomness, so that a simulation repeats itself. */
export interface ArnMaker {
  loadBalancer(name: string): string;
  listener(loadBalancerArn: string): string;
  rule(listenerArn: string): string;
  targetGroup(name: string): string;
}

export function makeArns(region: string, account: string, random: () => number): ArnMaker {
  const prefix = `arn:aws:elasticloadbalancing:${region}:${account}`;
  const half = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  const id = (): string => half() + half();
  return {
    loadBalancer: (name) => `${prefix}:loadbalancer/app/${name}/${id()}`,
    listener: (loadBalancerArn) => `${loadBalancerArn.replace(':loadbalancer/', ':listener/')}/${id()}`,
    rule: (listenerArn) => `${listenerArn.replace(':listener/', ':listener-rule/')}/${id()}`,
    targetGroup: (name) => `${prefix}:targetgroup/${name}/${id()}`,
  };
}

export type ResourceKind = 'loadbalancer' | 'listener' | 'listener-rule' | 'targetgroup';

const kinds: readonly ResourceKind[] = ['loadbalancer', 'listener', 'listener-rule', 'targetgroup'];

/** What an ARN names, or undefined when it is none of Elastic Load Balancing's. */
export function kindOfArn(arn: string): ResourceKind | undefined {
  const resource = /^arn:aws[a-z-]*:elasticloadbalancing:[^:]*:[^:]*:([a-z-]+)\//.exec(arn)?.[1];
  return kinds.find((kind) => kind === resource);
}
