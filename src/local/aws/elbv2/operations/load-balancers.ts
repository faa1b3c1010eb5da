/** CreateLoadBalancer, DescribeLoadBalancers, DeleteLoadBalancer. */
import {
  type CreateLoadBalancerInput,
  CreateLoadBalancerInput$,
  type CreateLoadBalancerOutput,
  CreateLoadBalancerOutput$,
  type DeleteLoadBalancerInput,
  DeleteLoadBalancerInput$,
  type DeleteLoadBalancerOutput,
  DeleteLoadBalancerOutput$,
  type DescribeLoadBalancersInput,
  DescribeLoadBalancersInput$,
  type DescribeLoadBalancersOutput,
  DescribeLoadBalancersOutput$,
  type LoadBalancer as LoadBalancerView,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../service.ts';
import { type Context, loadBalancerOf, operation } from '../context.ts';
import { pageOf, sortedBy } from '../paging.ts';
import type { LoadBalancer } from '../state.ts';
import { listenersOf, removeListener } from '../store.ts';
import { withTags } from '../tagging.ts';
import { checkName, required, unsupported, validationError } from '../validation.ts';

export const loadBalancerOperations = (context: Context) => ({
  CreateLoadBalancer: operation<CreateLoadBalancerInput, CreateLoadBalancerOutput>(
    CreateLoadBalancerInput$,
    CreateLoadBalancerOutput$,
    (input) => ({ LoadBalancers: [viewOf(createLoadBalancer(context, input), context)] }),
  ),
  DescribeLoadBalancers: operation<DescribeLoadBalancersInput, DescribeLoadBalancersOutput>(
    DescribeLoadBalancersInput$,
    DescribeLoadBalancersOutput$,
    (input) => {
      const { items, ...next } = pageOf(select(context, input), (record) => record.name, input);
      return { LoadBalancers: items.map((record) => viewOf(record, context)), ...next };
    },
  ),
  DeleteLoadBalancer: operation<DeleteLoadBalancerInput, DeleteLoadBalancerOutput>(
    DeleteLoadBalancerInput$,
    DeleteLoadBalancerOutput$,
    (input) => deleteLoadBalancer(context, required(input.LoadBalancerArn, 'loadBalancerArn')),
  ),
});

function createLoadBalancer(context: Context, input: CreateLoadBalancerInput): LoadBalancer {
  const { store, quotas } = context;
  const wanted = parse(input, quotas.tagsPerResource);
  const existing = [...store.loadBalancers.values()].find((record) => record.name === wanted.name);
  if (existing !== undefined) {
    const { arn: _arn, createdAt: _createdAt, tags, ...settings } = existing;
    if (isDeepStrictEqual({ ...settings, tags }, wanted)) return existing;
    throw new ApiError(
      'DuplicateLoadBalancerName',
      `A load balancer with the same name '${wanted.name}' exists, but with different settings`,
    );
  }
  if (store.loadBalancers.size >= quotas.loadBalancers) {
    throw new ApiError(
      'TooManyLoadBalancers',
      `You have reached the maximum number of load balancers: ${quotas.loadBalancers}`,
    );
  }
  const created = { arn: context.arns.loadBalancer(wanted.name), createdAt: context.clock.now(), ...wanted };
  store.loadBalancers.set(created.arn, created);
  context.changed();
  return created;
}

function parse(input: CreateLoadBalancerInput, mostTags: number): Omit<LoadBalancer, 'arn' | 'createdAt'> {
  const name = checkName(required(input.Name, 'name'), 'Load balancer');
  if (name.startsWith('internal-')) throw validationError(`Load balancer name '${name}' cannot begin with 'internal-'`);
  if ((input.Type ?? 'application') !== 'application') {
    throw unsupported(`Load balancer type '${String(input.Type)}'`, 'use application');
  }
  const scheme = input.Scheme ?? 'internet-facing';
  if (scheme !== 'internet-facing' && scheme !== 'internal') {
    throw new ApiError(
      'InvalidScheme',
      `Scheme '${String(scheme)}' is not valid; allowed are internet-facing and internal`,
    );
  }
  const mapped = (input.SubnetMappings ?? []).map((mapping) => mapping.SubnetId ?? '');
  return {
    name,
    scheme,
    subnets: [...(input.Subnets ?? []), ...mapped],
    securityGroups: [...(input.SecurityGroups ?? [])],
    tags: withTags({}, input.Tags, mostTags),
  };
}

function select(context: Context, input: DescribeLoadBalancersInput): readonly LoadBalancer[] {
  const byName = (record: LoadBalancer): string => record.name;
  const all = sortedBy(context.store.loadBalancers.values(), byName);
  if ((input.LoadBalancerArns ?? []).length > 0) {
    return sortedBy(
      (input.LoadBalancerArns ?? []).map((arn) => loadBalancerOf(context, arn)),
      byName,
    );
  }
  const names = input.Names ?? [];
  const missing = names.find((name) => !all.some((record) => record.name === name));
  if (missing !== undefined) {
    throw new ApiError('LoadBalancerNotFound', `Load balancers '[${missing}]' not found`);
  }
  return names.length === 0 ? all : all.filter((record) => names.includes(record.name));
}

/** An absent one is no error. Listeners and rules go with it; target groups stay. */
async function deleteLoadBalancer(context: Context, arn: string): Promise<DeleteLoadBalancerOutput> {
  const listeners = listenersOf(context.store, arn);
  for (const listener of listeners) removeListener(context.store, listener.arn);
  if (context.store.loadBalancers.delete(arn)) context.changed();
  await Promise.all(listeners.map((listener) => context.balancer.close(listener.arn)));
  return {};
}

function viewOf(record: LoadBalancer, { region, vpcId }: Context): LoadBalancerView {
  return {
    LoadBalancerArn: record.arn,
    LoadBalancerName: record.name,
    // A name that leads to loopback, so that it can be asked as AWS's own would be.
    DNSName: `${record.name}.elb.localhost`,
    CreatedTime: new Date(record.createdAt),
    Scheme: record.scheme,
    VpcId: vpcId,
    State: { Code: 'active' },
    Type: 'application',
    AvailabilityZones: record.subnets.map((SubnetId) => ({ SubnetId, ZoneName: `${region}a` })),
    SecurityGroups: [...record.securityGroups],
    IpAddressType: 'ipv4',
  };
}
