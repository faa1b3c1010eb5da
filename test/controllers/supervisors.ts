/** The supervisors of the tasks that run in the local AWS: plain objects that build as the test says. */
import type { ControlPort } from '../../src/control/port.ts';
import type { SupervisorReport } from '../../src/model/observed.ts';
import type { ContainerSpec } from '../../src/local/aws/runner/port.ts';

export type Build = 'ok' | 'fails' | 'slow';

interface Supervisor {
  liveCommit?: string | undefined;
  job?: SupervisorReport['job'];
  failure?: SupervisorReport['failure'];
  healthy: boolean;
}

export interface Supervisors extends ControlPort {
  /** What becomes of a build, by commit; `ok` unless said. */
  readonly builds: Map<string, Build>;
  /** Every port is closed, as by a security group. */
  closed: boolean;
  /** Apps that have stopped answering, by address. */
  readonly down: Set<string>;
  /** Lets the slow builds end. */
  finish(): void;
  /** Whether the app of the task at this address answers its health check. */
  answers(ip: string): boolean;
  /** Commits that were asked for, oldest first. */
  readonly asked: string[];
  /** Of every supervisor's newest job; absent as from an older supervisor. */
  phases?: SupervisorReport['phases'];
}

export function makeSupervisors(running: readonly ContainerSpec[], now: () => number): Supervisors {
  const known = new Map<string, Supervisor>();
  const builds = new Map<string, Build>();
  const down = new Set<string>();
  const asked: string[] = [];

  const build = (supervisor: Supervisor, commit: string): void => {
    const at = new Date(now()).toISOString();
    switch (builds.get(commit) ?? 'ok') {
      case 'ok':
        Object.assign(supervisor, { liveCommit: commit, job: undefined, failure: undefined, healthy: true });
        break;
      case 'slow':
        supervisor.job = { commit, phase: 'build', startedAt: at };
        break;
      case 'fails':
        supervisor.job = undefined;
        supervisor.failure = { commit, phase: 'build', message: 'TS2322: no', at, logTail: ['> tsc', 'TS2322: no'] };
    }
  };
  const at = (ip: string): Supervisor | undefined => {
    const spec = running.find(({ address }) => address === ip);
    if (!spec) return undefined;
    const supervisor = known.get(spec.name) ?? { healthy: false };
    if (!known.has(spec.name)) {
      known.set(spec.name, supervisor);
      build(supervisor, spec.env['COMMIT'] ?? '');
    }
    return supervisor;
  };

  return {
    builds,
    closed: false,
    down,
    asked,
    finish() {
      builds.clear();
      for (const supervisor of known.values()) if (supervisor.job?.commit) build(supervisor, supervisor.job.commit);
    },
    answers: (ip) => !down.has(ip) && at(ip)?.healthy === true,
    async report(ip, session) {
      const supervisor = this.closed ? undefined : at(ip);
      if (!supervisor) return { ok: false, message: 'connect ECONNREFUSED' };
      const { liveCommit, job, failure } = supervisor;
      const healthy = supervisor.healthy && !down.has(ip);
      return {
        ok: true,
        report: { session, liveCommit, job, failure, healthy, phases: this.phases, inFlight: 0 },
      };
    },
    async sync(ip, _session, { commit }) {
      const supervisor = this.closed ? undefined : at(ip);
      if (!supervisor) throw new Error('connect ECONNREFUSED');
      asked.push(commit);
      build(supervisor, commit);
    },
  };
}
