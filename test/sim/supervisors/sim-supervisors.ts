/** Every container of the simulation by its address: started by ECS, probed by the load balancer, asked by the operator. */
import { isIP } from 'node:net';
import type { ContainerExit, ContainerSpec, RunningProcess } from '../../../src/local/aws/runner/port.ts';
import { TransientError } from '../../../src/runtime/errors.ts';
import { type Container, KILLED, type Surroundings, taskIdOf } from './container.ts';
import { makePlain } from './plain.ts';
import type { AcceptedOrder, CommitPlan, SimSupervisors, SimSupervisorsOptions } from './port.ts';
import { makeSupervised } from './supervised.ts';
import { SUPERVISOR_TIMINGS } from './timings.ts';

const UNREACHABLE = 'cannot be reached (EHOSTUNREACH)';

export function makeSimSupervisors(options: SimSupervisorsOptions): SimSupervisors {
  const { clock, random } = options;
  const timings = { ...SUPERVISOR_TIMINGS, ...options.timings };
  const plans = new Map<string, CommitPlan>();
  /** Only those of environments; a sidecar has no address of its own. */
  const byAddress = new Map<string, Container>();
  const ends = new Map<Container, Surroundings['exit']>();
  const orders: AcceptedOrder[] = [];

  const changed = (ip: string): void => options.onHealthChange?.(ip);
  const surroundings = (spec: ContainerSpec, exit: Surroundings['exit']): Surroundings => ({
    spec,
    clock,
    random,
    timings,
    planOf: (commit) => (commit === undefined ? undefined : plans.get(commit)) ?? {},
    headOf: (repo, branch) => options.headOf?.(repo, branch),
    ignoresTerm: () => options.ignoresTerm?.(spec) ?? false,
    exit,
    outOfMemory: () => {
      if (!options.outOfMemory?.(taskIdOf(spec))) exit(KILLED);
    },
    changed: () => changed(spec.address),
    tell: (line) => options.tell?.(spec.address, spec.env['SESSION_ID'] ?? '', line),
  });

  function start(spec: ContainerSpec): RunningProcess {
    let listener: ((exit: ContainerExit) => void) | undefined;
    let container: Container | undefined;
    let over = false;
    const end = (exit: ContainerExit): void => {
      if (over) return;
      over = true;
      container?.dispose();
      if (container) ends.delete(container);
      if (container && byAddress.get(spec.address) === container) byAddress.delete(spec.address);
      changed(spec.address);
      listener?.(exit);
    };
    const startError = options.startError?.(spec);
    const around = surroundings(spec, end);
    if (startError === undefined) {
      container = (options.supervised?.(spec) ?? true) ? makeSupervised(around) : makePlain(around);
      ends.set(container, end);
      if (container.session !== '') byAddress.set(spec.address, container);
      changed(spec.address);
    } else clock.after(0, () => end({ startError }));
    return {
      onExit(fn) {
        listener = fn;
      },
      // There is no process that a later start could find again.
      onStart: () => undefined,
      signal(signal) {
        if (signal === 'SIGKILL') end(KILLED);
        else if (!around.ignoresTerm()) container?.term();
      },
    };
  }

  const said = (ip: string, words: string): string => `the control port ${ip}:8080 ${words}`;
  const withContainer = (ip: string, fn: (container: Container) => void): boolean => {
    const container = byAddress.get(ip);
    if (container) fn(container);
    return container !== undefined;
  };
  const trouble = (ip: string, change: Partial<Container['troubles']>): boolean =>
    withContainer(ip, ({ troubles }) => {
      Object.assign(troubles, change);
      changed(ip);
    });
  const probe: SimSupervisors['probe'] = (ip, path) => byAddress.get(ip)?.probe(path) ?? { kind: 'failed' };

  return {
    plans,
    orders,
    runner: { start, reap: () => undefined },
    probe,
    steadyProber: { answersNow: ({ ip, path }) => probe(ip, path) },
    prober: { probe: async ({ ip, path }) => probe(ip, path) },
    answer: (ip, host) => byAddress.get(ip)?.answer(host) ?? { kind: 'nothing' },
    containers: () => [...byAddress.values()].map((container) => container.view()),
    control: {
      async report(ip, session) {
        const answer = byAddress.get(ip)?.report(session) ?? { ok: false, message: unreachable(ip) };
        return answer.ok ? answer : { ok: false, message: said(ip, answer.message) };
      },
      async sync(ip, session, request) {
        const container = byAddress.get(ip);
        const refusal = container ? container.sync(session, request) : unreachable(ip);
        if (refusal !== undefined) throw new TransientError('ControlUnreachable', said(ip, refusal));
        orders.push({ atMs: clock.monotonic(), ip, session, commit: request.commit });
      },
    },
    crash: (ip) => withContainer(ip, (container) => container.crash()),
    hang: (ip) => trouble(ip, { hung: true }),
    freeze: (ip) => trouble(ip, { frozen: true }),
    closeControl: (ip) => trouble(ip, { controlClosed: true }),
    reopen: (ip) => trouble(ip, { hung: false, frozen: false, controlClosed: false }),
    setInFlight: (ip, inFlight) => trouble(ip, { inFlight }),
    exit: (ip, exit) => withContainer(ip, (container) => ends.get(container)?.(exit)),
  };
}

function unreachable(ip: string): string {
  return isIP(ip) === 0 ? 'cannot be reached (not an IP address)' : UNREACHABLE;
}
