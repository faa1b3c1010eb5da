/** CreateListener, DescribeListeners, ModifyListener, DeleteListener. A listener's default action is its default rule. */
import {
  type CreateListenerInput,
  CreateListenerInput$,
  type CreateListenerOutput,
  CreateListenerOutput$,
  type DeleteListenerInput,
  DeleteListenerInput$,
  type DeleteListenerOutput,
  DeleteListenerOutput$,
  type DescribeListenersInput,
  DescribeListenersInput$,
  type DescribeListenersOutput,
  DescribeListenersOutput$,
  type Listener as ListenerView,
  type ModifyListenerInput,
  ModifyListenerInput$,
  type ModifyListenerOutput,
  ModifyListenerOutput$,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { ApiError } from '../../service.ts';
import { actionView, parseActions } from '../actions.ts';
import { checkAssociation } from '../association.ts';
import { ListenError } from '../balancer/port.ts';
import { type Context, listenerOf, loadBalancerOf, operation } from '../context.ts';
import { pageOf, sortedBy } from '../paging.ts';
import type { Action, Listener, Rule } from '../state.ts';
import { listenersOf, removeListener, rulesOf } from '../store.ts';
import { withTags } from '../tagging.ts';
import { inRange, ports, required, validationError } from '../validation.ts';

export const listenerOperations = (context: Context) => ({
  CreateListener: operation<CreateListenerInput, CreateListenerOutput>(
    CreateListenerInput$,
    CreateListenerOutput$,
    async (input) => ({ Listeners: [viewOf(context, await createListener(context, input))] }),
  ),
  DescribeListeners: operation<DescribeListenersInput, DescribeListenersOutput>(
    DescribeListenersInput$,
    DescribeListenersOutput$,
    (input) => {
      const { items, ...next } = pageOf(select(context, input), (listener) => listener.arn, input);
      return { Listeners: items.map((listener) => viewOf(context, listener)), ...next };
    },
  ),
  ModifyListener: operation<ModifyListenerInput, ModifyListenerOutput>(
    ModifyListenerInput$,
    ModifyListenerOutput$,
    async (input) => ({ Listeners: [viewOf(context, await modifyListener(context, input))] }),
  ),
  DeleteListener: operation<DeleteListenerInput, DeleteListenerOutput>(
    DeleteListenerInput$,
    DeleteListenerOutput$,
    (input) => deleteListener(context, required(input.ListenerArn, 'listenerArn')),
  ),
});

async function createListener(context: Context, input: CreateListenerInput): Promise<Listener> {
  const { store, arns, quotas } = context;
  const loadBalancerArn = required(input.LoadBalancerArn, 'loadBalancerArn');
  checkProtocol(required(input.Protocol, 'protocol'));
  const port = inRange(required(input.Port, 'port'), 'port', ports);
  const action = parseActions(input.DefaultActions, quotas.targetGroupsPerAction);
  const tags = withTags({}, input.Tags, quotas.tagsPerResource);
  const check = (): void => {
    checkNewListener(context, loadBalancerArn, port);
    checkAssociation(context, { loadBalancerArn, action });
  };
  check();
  const listener: Listener = { arn: arns.listener(loadBalancerArn), loadBalancerArn, port, tags };
  const defaultRule: Rule = {
    arn: arns.rule(listener.arn),
    listenerArn: listener.arn,
    priority: 'default',
    conditions: [],
    action,
    tags: {},
  };
  await openThen(context, listener, check);
  store.listeners.set(listener.arn, listener);
  store.rules.set(defaultRule.arn, defaultRule);
  context.changed();
  return listener;
}

/** Binds the port, then checks again what may have changed meanwhile; on a fault the port is as it was. */
async function openThen(context: Context, listener: Listener, check: () => void): Promise<void> {
  const before = context.store.listeners.get(listener.arn);
  await bind(context, listener.arn, listener.port);
  try {
    check();
  } catch (error) {
    if (before === undefined || !context.store.listeners.has(listener.arn)) await context.balancer.close(listener.arn);
    else await bind(context, listener.arn, before.port);
    throw error;
  }
}

async function bind(context: Context, listenerArn: string, port: number): Promise<void> {
  try {
    await context.balancer.open(listenerArn, port);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new ApiError('InvalidConfigurationRequest', error.message);
  }
}

function checkProtocol(protocol: string): void {
  if (protocol === 'HTTP') return;
  throw new ApiError(
    'UnsupportedProtocol',
    `Protocol '${protocol}' is not supported by the local load balancer; use HTTP`,
  );
}

function checkNewListener(context: Context, loadBalancerArn: string, port: number): void {
  loadBalancerOf(context, loadBalancerArn);
  const siblings = listenersOf(context.store, loadBalancerArn);
  checkPortFree(siblings, port);
  if (siblings.length >= context.quotas.listenersPerLoadBalancer) {
    throw new ApiError(
      'TooManyListeners',
      `You have reached the maximum number of listeners for this load balancer: ${context.quotas.listenersPerLoadBalancer}`,
    );
  }
}

function checkPortFree(siblings: readonly Listener[], port: number): void {
  if (!siblings.some((listener) => listener.port === port)) return;
  throw new ApiError('DuplicateListener', `A listener already exists on port '${port}' for this load balancer`);
}

function select(context: Context, input: DescribeListenersInput): readonly Listener[] {
  const byArn = (listener: Listener): string => listener.arn;
  const arns = input.ListenerArns ?? [];
  if (input.LoadBalancerArn !== undefined && arns.length > 0) {
    throw validationError('Specify either a load balancer ARN or listener ARNs, not both');
  }
  if (arns.length > 0)
    return sortedBy(
      arns.map((arn) => listenerOf(context, arn)),
      byArn,
    );
  const loadBalancer = loadBalancerOf(context, required(input.LoadBalancerArn, 'loadBalancerArn'));
  return sortedBy(listenersOf(context.store, loadBalancer.arn), byArn);
}

async function modifyListener(context: Context, input: ModifyListenerInput): Promise<Listener> {
  const listenerArn = required(input.ListenerArn, 'listenerArn');
  const { port: boundPort } = listenerOf(context, listenerArn);
  if (input.Protocol !== undefined) checkProtocol(input.Protocol);
  const port = inRange(input.Port ?? boundPort, 'port', ports);
  const action = input.DefaultActions && parseActions(input.DefaultActions, context.quotas.targetGroupsPerAction);
  const check = (): void => checkModified(context, listenerArn, { port, action });
  check();
  if (port !== boundPort) await openThen(context, { ...listenerOf(context, listenerArn), port }, check);
  return commitModified(context, listenerArn, { port, action });
}

interface Modified {
  readonly port: number;
  readonly action: Action | undefined;
}

function checkModified(context: Context, listenerArn: string, { port, action }: Modified): void {
  const { loadBalancerArn } = listenerOf(context, listenerArn);
  checkPortFree(
    listenersOf(context.store, loadBalancerArn).filter((listener) => listener.arn !== listenerArn),
    port,
  );
  const replaces = defaultRuleOf(context, listenerArn).arn;
  if (action !== undefined) checkAssociation(context, { loadBalancerArn, action, replaces });
}

function commitModified(context: Context, listenerArn: string, { port, action }: Modified): Listener {
  const listener = { ...listenerOf(context, listenerArn), port };
  context.store.listeners.set(listenerArn, listener);
  const rule = defaultRuleOf(context, listenerArn);
  if (action !== undefined) context.store.rules.set(rule.arn, { ...rule, action });
  context.changed();
  return listener;
}

async function deleteListener(context: Context, arn: string): Promise<DeleteListenerOutput> {
  listenerOf(context, arn);
  removeListener(context.store, arn);
  context.changed();
  await context.balancer.close(arn);
  return {};
}

function defaultRuleOf(context: Context, listenerArn: string): Rule {
  const rule = rulesOf(context.store, listenerArn).find((candidate) => candidate.priority === 'default');
  if (rule === undefined) throw new Error(`The listener '${listenerArn}' has no default rule: its state is damaged`);
  return rule;
}

function viewOf(context: Context, listener: Listener): ListenerView {
  return {
    ListenerArn: listener.arn,
    LoadBalancerArn: listener.loadBalancerArn,
    Port: listener.port,
    Protocol: 'HTTP',
    DefaultActions: [actionView(defaultRuleOf(context, listener.arn).action)],
  };
}
