/**
 * ELBv2 of the local AWS: operations over records, health checks over a clock, and a data plane over real sockets.
 * Clock, prober, data plane and randomness come from outside, so that the same code runs under a simulation's.
 */
import type { LocalClock, Service } from '../service.ts';
import { makeArns } from './arns.ts';
import { makeHttpBalancer } from './balancer/http-balancer.ts';
import type { Balancer, ListenAddress } from './balancer/port.ts';
import type { Context } from './context.ts';
import { makeHealthChecks } from './health-checks.ts';
import { makeLiveRules } from './live-rules.ts';
import type { RoutedRequest } from './matching.ts';
import { listenerOperations } from './operations/listeners.ts';
import { loadBalancerOperations } from './operations/load-balancers.ts';
import { ruleOperations } from './operations/rules.ts';
import { tagOperations } from './operations/tags.ts';
import { targetGroupOperations } from './operations/target-groups.ts';
import { targetOperations } from './operations/targets.ts';
import { httpProber, type Prober, type SteadyProber } from './prober.ts';
import { awsQuotas, type Quotas } from './quotas.ts';
import { makeReleases } from './releases.ts';
import { makeRouter, type Route, type Router } from './routing.ts';
import type { Elbv2State, Target } from './state.ts';
import { makeStore, type Store, snapshotOf, targetKey } from './store.ts';
import { defaultSwitches, type Switches } from './switches.ts';
import { makeVisibility } from './visibility.ts';

export interface Elbv2Options {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  /** Shown as the network of load balancers; vpc-local when left out. */
  readonly vpcId?: string;
  readonly clock: LocalClock;
  /** Asks over HTTP when left out. With a `SteadyProber`, health is computed and nothing is polled. */
  readonly prober?: Prober | SteadyProber;
  /** Real sockets on 127.0.0.1 when left out; `noBalancer` opens none. Stopped by `close`. */
  readonly balancer?: (router: Router) => Balancer;
  /** At least 0 and less than 1: ids and the choice by weight. Math.random when left out. */
  readonly random?: () => number;
  /** Parts of AWS's quotas to replace. */
  readonly quotas?: Partial<Quotas>;
  /** Real seconds between health checks for each second of the interval; 1 when left out, 0.2 probes five times as often. */
  readonly healthCheckIntervalScale?: number;
  /** From a target's registration to its first check, scaled likewise; 1000 when left out. */
  readonly registrationMs?: number;
  /** Asked for each change of a rule: milliseconds until requests follow it, though the API shows it at once; 0 when left out. */
  readonly propagationMs?: () => number;
  /** Asked for each new target group and rule: milliseconds until Describe* shows it; 0 when left out. */
  readonly visibilityMs?: () => number;
  /** Asked for each target group that its last rule leaves: milliseconds until it can be deleted; 0 when left out. */
  readonly releaseMs?: () => number;
  readonly switches?: Partial<Switches>;
  /** What `onChange` or `snapshot` once gave; see `parseElbv2State`. Targets start as `initial`. */
  readonly initial?: Elbv2State;
  /** Called after each change of what survives a restart. Health does not. */
  readonly onChange?: (state: Elbv2State) => void;
}

/** The operations with the SDK's types, for callers in process. */
type Elbv2Operations = ReturnType<typeof operationsOf>;

export interface Elbv2 {
  readonly service: Service & { readonly operations: Elbv2Operations };
  /** Opens the ports of listeners in `initial`. Throws ListenError when one is taken. */
  start(): Promise<void>;
  snapshot(): Elbv2State;
  /** Where the listener really listens, while it does. */
  addressOf(listenerArn: string): ListenAddress | undefined;
  /** What a request would get now: takes its turn in the round robin, and sends nothing. */
  route(listenerArn: string, request: RoutedRequest): Route;
  /**
   * With a `SteadyProber`: call right after what it answers for this address has changed, for any address when left
   * out. Without one it does nothing.
   */
  targetChanged(ip?: string): void;
  /** Stops health checks and timers, and ends every socket at once. Records stay readable. Repeating it does nothing. */
  close(): Promise<void>;
}

export function makeElbv2(options: Elbv2Options): Elbv2 {
  const { clock, random = Math.random } = options;
  const store = makeStore(options.initial);
  const health = makeHealthChecks({
    store,
    clock,
    prober: options.prober ?? httpProber,
    intervalScale: options.healthCheckIntervalScale ?? 1,
    registrationMs: options.registrationMs ?? 1000,
    onDrained: (targetGroupArn, target) => {
      removeTarget(store, targetGroupArn, target);
      balancer.forget(target);
      changed();
    },
  });
  const rules = makeLiveRules({ store, clock, propagationMs: options.propagationMs ?? never });
  const releases = makeReleases(store, clock, options.releaseMs ?? never);
  const router = makeRouter({ store, rules, health, random });
  const balancer = (options.balancer ?? makeHttpBalancer)(router);
  let closed = false;
  const sync = (): void => {
    rules.sync();
    releases.sync();
    router.changed();
    if (!closed) health.sync();
  };
  const changed = (): void => {
    sync();
    options.onChange?.(snapshotOf(store));
  };
  sync();
  return {
    service: serviceOf(contextOf(options, { store, balancer, health, releases, changed })),
    start: () => openListeners(store, balancer),
    snapshot: () => snapshotOf(store),
    addressOf: (listenerArn) => balancer.addressOf(listenerArn),
    route: (listenerArn, request) => router.route(listenerArn, request),
    targetChanged: (ip) => health.targetChanged(ip),
    close: async () => {
      closed = true;
      health.stop();
      await balancer.stop();
    },
  };
}

const never = (): number => 0;

type Parts = Pick<Context, 'store' | 'balancer' | 'health' | 'releases' | 'changed'>;

const contextOf = (options: Elbv2Options, parts: Parts): Context => ({
  ...parts,
  clock: options.clock,
  region: options.region,
  vpcId: options.vpcId ?? 'vpc-local',
  arns: makeArns(options.region, options.account, options.random ?? Math.random),
  quotas: { ...awsQuotas, ...options.quotas },
  switches: { ...defaultSwitches, ...options.switches },
  visibility: makeVisibility(options.clock, options.visibilityMs ?? never),
});

const operationsOf = (context: Context) => ({
  ...loadBalancerOperations(context),
  ...listenerOperations(context),
  ...ruleOperations(context),
  ...targetGroupOperations(context),
  ...targetOperations(context),
  ...tagOperations(context),
});

const serviceOf = (context: Context): Elbv2['service'] => ({
  protocol: 'query',
  target: '2015-12-01',
  namespace: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
  signingName: 'elasticloadbalancing',
  operations: operationsOf(context),
});

async function openListeners(store: Store, balancer: Balancer): Promise<void> {
  for (const listener of store.listeners.values()) await balancer.open(listener.arn, listener.port);
}

function removeTarget(store: Store, targetGroupArn: string, gone: Target): void {
  const group = store.targetGroups.get(targetGroupArn);
  if (group === undefined) return;
  const targets = group.targets.filter((target) => targetKey(target) !== targetKey(gone));
  store.targetGroups.set(targetGroupArn, { ...group, targets });
}
