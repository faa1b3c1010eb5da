/** A container with a supervisor: builds beside what serves, the newest order counts, and only its own host is answered. */
import { EXIT } from '../../../container/src/exit-codes.ts';
import type { SupervisorReport } from '../../../src/model/observed.ts';
import { makeSimApp } from './app.ts';
import { type Container, hostName, makeAlarm, noTroubles, type Surroundings, taskIdOf } from './container.ts';
import { failureReport, type Job, jobReport, phasesAt, planJob } from './job.ts';

const READY = '/.mayfly/ready/';
const REFUSED = 'refused the connection: no supervisor listens there';
const TIMED_OUT = 'timed out after 2000 ms; a security group that drops the packets looks like this';
const WRONG_SESSION = 'refused the signature (wrong_session): the request is for another session';
const STOPPING = 'answered 503 (stopping): the supervisor is stopping';

export function makeSupervised(around: Surroundings): Container {
  const { spec, clock, timings, planOf, tell, changed } = around;
  const { SESSION_ID: session = '', REPO: repo = '', BRANCH: branch = '' } = spec.env;
  const publicHost = hostName(URL.parse(spec.env['PUBLIC_URL'] ?? '')?.host ?? '');
  const troubles = noTroubles();
  const work = makeAlarm(clock);
  const end = makeAlarm(clock);
  const app = makeSimApp({ around, onCrashLoop: () => job !== undefined || conclude(EXIT.crashLoop, 0) });
  let job: Job | undefined;
  /** The newest job, also when it is over; `endedAt` when it was cancelled. */
  let newest: { readonly job: Job; readonly endedAt?: number } | undefined;
  let failure: SupervisorReport['failure'];
  let waitingFor: SupervisorReport['waitingFor'];
  let stopping = false;
  let concluded = false;
  let served = false;

  const healthy = (): boolean => app.isUp() && !troubles.hung && !troubles.frozen && !stopping;

  function conclude(code: number, lingerMs: number): false {
    concluded = true;
    tell(`ends with exit code ${code}`);
    end.set(lingerMs, () => around.exit({ exitCode: code }));
    return false;
  }

  function cancel(): void {
    if (!job) return;
    work.cancel();
    newest = { job, endedAt: clock.now() };
    job = undefined;
  }

  function begin(ordered: string | undefined): void {
    cancel();
    const commit = ordered ?? around.headOf(repo, branch);
    const plan = planOf(commit);
    failure = undefined;
    job = planJob({ ...around, commit, plan, ordered: ordered !== undefined, now: clock.now() });
    newest = { job };
    tell(`builds ${commit?.slice(0, 7) ?? 'a branch that is gone'}`);
    work.set(job.endsAt - job.startedAt, finish);
  }

  function finish(): void {
    if (!job) return;
    const done = job;
    job = undefined;
    if (done.fails) return failed(done);
    troubles.hung = false;
    served = true;
    tell(`serves ${done.commit?.slice(0, 7)}`);
    spec.log(`commit ${done.commit} serves`, 'stdout');
    app.adopt(done.commit);
  }

  function failed(done: Job): void {
    failure = failureReport(done);
    tell(`${failure.phase} of ${done.commit?.slice(0, 7)} failed`);
    for (const line of failure.logTail) spec.log(line, 'stderr');
    if (!served) conclude(EXIT[failure.phase], timings.linger);
  }

  function awaitOrder(): void {
    waitingFor = 'order';
    work.set(timings.orderWait, () => conclude(EXIT.fetch, 0));
  }

  /** Why the control port does not serve this request; undefined when it does. */
  const refusal = (asked: string): string | undefined => {
    if (troubles.frozen) return TIMED_OUT;
    if (troubles.controlClosed) return REFUSED;
    return asked === session ? undefined : WRONG_SESSION;
  };

  if (spec.env['AWAIT_SYNC'] === 'true') awaitOrder();
  else begin(spec.env['COMMIT'] || undefined);

  return {
    spec,
    session,
    troubles,
    view: () => ({
      taskId: taskIdOf(spec),
      ip: spec.address,
      session,
      liveCommit: app.commit(),
      jobCommit: job?.commit,
      healthy: healthy(),
      stopping,
    }),
    probe(path) {
      if (troubles.frozen) return { kind: 'timeout' };
      if (stopping) return { kind: 'failed' };
      // The load balancer asks with the address as the host, which is not this environment's.
      if (path !== `${READY}${session}`) return { kind: 'response', status: 421 };
      return { kind: 'response', status: healthy() ? 200 : 503 };
    },
    answer(host) {
      if (troubles.frozen || stopping) return { kind: 'nothing' };
      if (hostName(host) !== publicHost) return { kind: 'misdirected', session };
      if (!app.isUp()) return { kind: 'waiting', session };
      return troubles.hung ? { kind: 'nothing' } : { kind: 'app', session, commit: app.commit() };
    },
    report(asked) {
      const message = refusal(asked);
      if (message !== undefined) return { ok: false, message };
      const now = clock.now();
      return {
        ok: true,
        report: {
          session,
          liveCommit: app.commit(),
          healthy: healthy(),
          job: job && jobReport(job, now),
          failure,
          inFlight: troubles.inFlight,
          phases: newest ? phasesAt(newest.job, now, newest.endedAt) : [],
          waitingFor,
        },
      };
    },
    sync(asked, { commit }) {
      const message = refusal(asked) ?? (stopping || concluded ? STOPPING : undefined);
      if (message !== undefined) return message;
      waitingFor = undefined;
      if (job?.commit === commit) return undefined;
      if (served && app.commit() === commit && healthy()) cancel();
      else begin(commit);
      return undefined;
    },
    term() {
      // The first cause of the end counts.
      if (stopping || concluded) return;
      stopping = true;
      cancel();
      app.stop();
      changed();
      end.set(timings.term, () => around.exit({ exitCode: EXIT.stopped }));
    },
    crash() {
      troubles.hung = false;
      app.die();
    },
    dispose() {
      work.cancel();
      end.cancel();
      app.stop();
    },
  };
}
