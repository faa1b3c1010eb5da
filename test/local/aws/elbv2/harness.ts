/** An ELBv2 under a virtual clock with a prober that answers from a table, and the steps that most tests begin with. */
import type { LocalClock } from '../../../../src/local/aws/service.ts';
import { noBalancer } from '../../../../src/local/aws/elbv2/balancer/port.ts';
import { type Elbv2, type Elbv2Options, makeElbv2 } from '../../../../src/local/aws/elbv2/elbv2.ts';
import type { ProbeOutcome } from '../../../../src/local/aws/elbv2/health.ts';
import type { Probe, Prober } from '../../../../src/local/aws/elbv2/prober.ts';

interface VirtualClock extends LocalClock {
  /** Lets `ms` pass: fires what is due in order, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Timers that are set. */
  readonly pending: number;
}

interface Entry {
  readonly at: number;
  readonly fn: () => void;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function makeVirtualClock(): VirtualClock {
  let now = 1_000_000;
  const entries = new Set<Entry>();
  const nextDue = (until: number): Entry | undefined =>
    [...entries].filter((entry) => entry.at <= until).sort((a, b) => a.at - b.at)[0];
  return {
    now: () => now,
    after(ms, fn) {
      const entry = { at: now + ms, fn };
      entries.add(entry);
      return { cancel: () => void entries.delete(entry) };
    },
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (let entry = nextDue(until); entry !== undefined; entry = nextDue(until)) {
        entries.delete(entry);
        now = entry.at;
        entry.fn();
        await settle();
      }
      now = until;
    },
    get pending() {
      return entries.size;
    },
  };
}

interface TableProber extends Prober {
  readonly probes: Probe[];
  /** By IP; 200 when not said. */
  readonly outcomes: Map<string, ProbeOutcome>;
  outcomeOf(ip: string): ProbeOutcome;
}

function makeTableProber(): TableProber {
  const probes: Probe[] = [];
  const outcomes = new Map<string, ProbeOutcome>();
  const outcomeOf = (ip: string): ProbeOutcome => outcomes.get(ip) ?? { kind: 'response', status: 200 };
  return {
    probes,
    outcomes,
    outcomeOf,
    probe(probe) {
      probes.push(probe);
      return Promise.resolve(outcomeOf(probe.ip));
    },
  };
}

/** A small generator with a seed (mulberry32), so that a failing case comes again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface World {
  readonly elbv2: Elbv2;
  readonly api: Elbv2['service']['operations'];
  readonly clock: VirtualClock;
  readonly prober: TableProber;
  /** From now on, checks of this address find this. */
  answer(ip: string, outcome: ProbeOutcome): void;
}

/** One that polls. */
export const makeWorld = (options: Partial<Elbv2Options> = {}): World => {
  const prober = makeTableProber();
  return worldWith(prober, { prober, ...options });
};

/** One whose health is computed. */
export const makeSteadyWorld = (options: Partial<Elbv2Options> = {}): World => {
  const prober = makeTableProber();
  return worldWith(prober, { prober: { answersNow: ({ ip }) => prober.outcomeOf(ip) }, ...options });
};

function worldWith(prober: TableProber, options: Partial<Elbv2Options>): World {
  const clock = makeVirtualClock();
  const elbv2 = makeElbv2({
    region: 'eu-west-1',
    account: '000000000000',
    clock,
    balancer: () => noBalancer,
    random: seeded(1),
    ...options,
  });
  const answer = (ip: string, outcome: ProbeOutcome): void => {
    prober.outcomes.set(ip, outcome);
    elbv2.targetChanged(ip);
  };
  return { elbv2, api: elbv2.service.operations, clock, prober, answer };
}

type Api = World['api'];

export function present<T>(value: T | undefined, what = 'value'): T {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
}

export async function makeLoadBalancer(api: Api, name = 'main'): Promise<string> {
  const { LoadBalancers } = await api.CreateLoadBalancer.handle({ Name: name, Subnets: ['subnet-a'] });
  return present(LoadBalancers?.[0]?.LoadBalancerArn);
}

/** A listener whose default answer is 404. */
export async function makeListener(api: Api, loadBalancerArn: string, port = 8000): Promise<string> {
  const { Listeners } = await api.CreateListener.handle({
    LoadBalancerArn: loadBalancerArn,
    Protocol: 'HTTP',
    Port: port,
    DefaultActions: [fixedResponse('404', 'nothing here')],
  });
  return present(Listeners?.[0]?.ListenerArn);
}

export const fixedResponse = (StatusCode: string, MessageBody: string) => ({
  Type: 'fixed-response' as const,
  FixedResponseConfig: { StatusCode, MessageBody, ContentType: 'text/plain' },
});

export const groupInput = (Name: string) => ({
  Name,
  Protocol: 'HTTP' as const,
  Port: 3001,
  VpcId: 'vpc-1',
  TargetType: 'ip' as const,
  HealthCheckPath: '/ready',
  HealthCheckIntervalSeconds: 10,
  HealthCheckTimeoutSeconds: 4,
  HealthyThresholdCount: 3,
  UnhealthyThresholdCount: 2,
});

export async function makeGroup(api: Api, name: string): Promise<string> {
  const { TargetGroups } = await api.CreateTargetGroup.handle(groupInput(name));
  return present(TargetGroups?.[0]?.TargetGroupArn);
}

export const forward = (weights: Readonly<Record<string, number>>) => ({
  Type: 'forward' as const,
  ForwardConfig: {
    TargetGroups: Object.entries(weights).map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })),
  },
});

export const hostIs = (...Values: string[]) => ({ Field: 'host-header', HostHeaderConfig: { Values } });
export const pathIs = (...Values: string[]) => ({ Field: 'path-pattern', PathPatternConfig: { Values } });

export interface RuleInput {
  readonly listenerArn: string;
  readonly priority: number;
  readonly host?: string;
  readonly weights: Readonly<Record<string, number>>;
}

export async function makeRule(api: Api, rule: RuleInput): Promise<string> {
  const { Rules } = await api.CreateRule.handle({
    ListenerArn: rule.listenerArn,
    Priority: rule.priority,
    Conditions: [hostIs(rule.host ?? `s${rule.priority}.localhost`)],
    Actions: [forward(rule.weights)],
  });
  return present(Rules?.[0]?.RuleArn);
}

/** `state/reason` of each target of the group, by address. */
export async function healthOf(api: Api, TargetGroupArn: string): Promise<Record<string, string>> {
  const { TargetHealthDescriptions = [] } = await api.DescribeTargetHealth.handle({ TargetGroupArn });
  return Object.fromEntries(
    TargetHealthDescriptions.map(({ Target, TargetHealth }) => [
      `${Target?.Id}:${Target?.Port}`,
      [TargetHealth?.State, TargetHealth?.Reason].filter(Boolean).join('/'),
    ]),
  );
}

/** The code of the error that the operation answers with. Runs it too when it throws at once. */
export async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'none';
}
