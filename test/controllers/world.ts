/**
 * One operator's environment loop in process: the memory store, the local AWS under a fake clock, supervisors and a
 * GitHub that answer as told. Tests drive it pass by pass, and look at the world rather than at calls.
 */
import { pino } from 'pino';
import { OPERATIONS } from '../../src/aws/operations.ts';
import { makeApplier } from '../../src/apply/applier.ts';
import { makeEnvironmentReconcile } from '../../src/controllers/environment.ts';
import { makeFreshness } from '../../src/controllers/freshness.ts';
import { GitHubError, type GitHubPort } from '../../src/github/port.ts';
import type { Config } from '../../src/model/config.ts';
import type { Conditions, ConditionType } from '../../src/model/conditions.ts';
import type { Status, StoredEnvironment } from '../../src/model/environment.ts';
import type { InstallationPause } from '../../src/model/installation.ts';
import { hostOf, startedBy, targetGroupName } from '../../src/model/names.ts';
import type { ObservedRule, ObservedTarget, ObservedTask } from '../../src/model/observed.ts';
import { DEFAULT_POLICY } from '../../src/model/policy.ts';
import type { Project } from '../../src/model/project.ts';
import { makeObserver } from '../../src/observe/environment.ts';
import { makeLogTail } from '../../src/observe/log-tail.ts';
import { makeSnapshots } from '../../src/observe/snapshot.ts';
import type { Reconcile } from '../../src/runtime/controller.ts';
import { TerminalError, toError, WaitingError } from '../../src/runtime/errors.ts';
import type { Result } from '../../src/runtime/outcome.ts';
import type { Priority } from '../../src/runtime/workqueue.ts';
import { makeMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import type { EnvironmentStore } from '../../src/store/port.ts';
import { INSTALLATION, type LocalWorld, makeLocalWorld } from '../aws/local-world.ts';
import { makeSupervisors, type Supervisors } from './supervisors.ts';

export const SESSION = 'tt-one';
export const A = 'a'.repeat(40);
export const B = 'b'.repeat(40);

const RESYNC_MS = 60_000;
/** Far above what any test needs; a reconcile that never ends fails instead of hanging. */
const MOST_TURNS = 20_000;
const MUTATIONS: ReadonlySet<string> = new Set(
  Object.entries(OPERATIONS).flatMap(([name, { mutates }]) => (mutates ? [name.slice(name.indexOf(':') + 1)] : [])),
);

/** How one pass ended. */
export interface Look {
  readonly result: Result | undefined;
  readonly error: Error | undefined;
  /** When the loop would come back by itself; undefined: not before the next resync. */
  readonly againMs: number | undefined;
}

/** What there is of the session. */
export interface Left {
  readonly tasks: readonly ObservedTask[];
  readonly rules: readonly ObservedRule[];
  readonly groups: readonly string[];
  readonly targets: readonly ObservedTarget[];
}

export interface ControllerWorld {
  readonly local: LocalWorld;
  readonly store: MemoryStore;
  /** Runs before (or, by what it returns, after) each write of status; throws to fail it. */
  readonly onPutStatus: { now?: ((next: Status) => void | (() => void)) | undefined };
  readonly supervisors: Supervisors;
  /** The pause of the whole installation; what is thrown while it is not known. */
  readonly pause: { now?: InstallationPause | undefined; unknown?: WaitingError | undefined };
  readonly heads: Map<string, string | GitHubError>;
  readonly config: Config;
  readonly project: Project;
  /** Sessions whose record changed, in order. */
  readonly changed: string[];
  /** One pass, to its end. */
  pass(priority?: Priority): Promise<Look>;
  /** Passes as the controller would make them, resyncs included, for this long. */
  run(ms: number): Promise<void>;
  /** Writes attributes of the record as a person does; null removes one. */
  edit(attributes: Readonly<Record<string, unknown>>): void;
  /** A new process: nothing that is held in memory survives. */
  restart(): void;
  /** A resync begins. */
  resync(): void;
  record(): Promise<StoredEnvironment>;
  status(): Promise<Status>;
  condition(type: ConditionType): Promise<string>;
  left(): Promise<Left>;
  /** The next calls of the operation fail as if the network had: before AWS saw them, or after it acted. */
  lose(operation: string, when: 'before' | 'after', times?: number): void;
  /** A person ends the task by ECS's console. */
  stopTask(arn: string | undefined): Promise<void>;
  /** The task's container ends by itself. */
  exit(arn: string | undefined, exitCode: number): void;
  /** Mutating AWS calls since the last time it was asked. */
  mutations(): readonly string[];
  close(): Promise<void>;
}

export async function makeControllerWorld(change: Partial<Project> = {}): Promise<ControllerWorld> {
  const local = await makeLocalWorld();
  const { clock } = local;
  const project: Project = { ...local.project, ...change };
  const store = makeMemoryStore();
  const supervisors = makeSupervisors(local.runner.running, clock.now);
  local.answering.at = (ip) => supervisors.answers(ip);
  const heads = new Map<string, string | GitHubError>();
  const config = configOf(project);
  const onPutStatus: ControllerWorld['onPutStatus'] = {};
  const changed: string[] = [];
  const watched = watchedStore(store, onPutStatus);
  const pause: ControllerWorld['pause'] = {};
  const build = () => buildLoop({ local, config, store: watched, supervisors, pause, heads, changed });
  let loop = build();
  let mark = local.calls.length;
  let nextResync = clock.monotonic() + RESYNC_MS;

  const world: ControllerWorld = {
    local,
    store,
    onPutStatus,
    supervisors,
    pause,
    heads,
    config,
    project,
    changed,
    async pass(priority = 'high') {
      const logger = pino({ level: 'silent' });
      const running = loop.reconcile(SESSION, { signal: new AbortController().signal, logger, priority });
      const look = await drive(local, running);
      // Time never stands still between two passes.
      await clock.advance(1);
      return look;
    },
    async run(ms) {
      const end = clock.monotonic() + ms;
      let due = clock.monotonic();
      let priority: Priority = 'high';
      while (clock.monotonic() < end) {
        if (clock.monotonic() >= nextResync) {
          nextResync = clock.monotonic() + RESYNC_MS;
          loop.freshness.resync();
          due = clock.monotonic();
        }
        if (clock.monotonic() >= due) {
          const { againMs, result } = await world.pass(priority);
          priority = result?.priority ?? priority;
          due = againMs === undefined ? Infinity : clock.monotonic() + againMs;
        }
        await clock.advance(Math.max(1, Math.min(due, end, nextResync) - clock.monotonic()));
      }
    },
    edit(attributes) {
      const merged = { ...store.peek(SESSION), ...attributes };
      store.seed(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)));
    },
    restart() {
      loop = build();
    },
    resync() {
      loop.freshness.resync();
    },
    async record() {
      const found = await store.get(SESSION);
      if (!found) throw new Error('there is no record');
      return found;
    },
    status: async () => (await world.record()).status,
    condition: async (type) => wordsOf((await world.status()).conditions, type),
    left: () => whatIsLeft(local, project),
    lose(operation, when, times = 1) {
      let left = times;
      const fault = (one: string): Error | undefined => {
        if (one !== operation || left === 0) return undefined;
        left -= 1;
        return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      };
      local.fault.now = { [when]: fault };
    },
    async stopTask(arn) {
      await local.callEcs('StopTask', { cluster: project.cluster, task: arn, reason: 'maintenance' });
    },
    exit(arn, exitCode) {
      local.runner.exit(arn?.slice(arn.lastIndexOf('/') + 1) ?? '', { exitCode });
    },
    mutations() {
      const made = local.calls.slice(mark).filter((operation) => MUTATIONS.has(operation));
      mark = local.calls.length;
      return made;
    },
    close: () => local.close(),
  };
  return world;
}

/** A record that a label made. */
export function labelled(change: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    session_id: SESSION,
    project: 'web',
    repo: 'octo/web',
    branch: 'one',
    commit: A,
    wanted: true,
    ...change,
  };
}

/** `True: Ready`, `False: Building`, or `absent`. */
function wordsOf(conditions: Conditions, type: ConditionType): string {
  const condition = conditions[type];
  return condition ? `${condition.status}: ${condition.reason}` : 'absent';
}

function configOf(project: Project): Config {
  const address = { host: '127.0.0.1', port: 0 };
  return {
    installation: INSTALLATION,
    region: 'eu-west-1',
    store: { table: 'environments', leaseTable: 'leases', createTables: false },
    listeners: [project.listener],
    projects: [project],
    http: { webhooks: address, frontDoor: address, admin: address },
    github: { apiUrl: 'https://api.github.test', webUrl: 'https://github.test' },
    policy: DEFAULT_POLICY,
    intervals: { pollMs: 5_000, resyncMs: RESYNC_MS },
    workers: 1,
    logLevel: 'silent',
    secrets: { webhookSecret: 'w', signingKey: 's' },
  };
}

function watchedStore(store: MemoryStore, hook: ControllerWorld['onPutStatus']): EnvironmentStore {
  return {
    ...store,
    async putStatus(sessionId, previousRev, status, state, expiresAt) {
      const after = hook.now?.(status);
      await store.putStatus(sessionId, previousRev, status, state, expiresAt);
      after?.();
    },
  };
}

interface LoopParts {
  readonly local: LocalWorld;
  readonly config: Config;
  readonly store: EnvironmentStore;
  readonly supervisors: Supervisors;
  readonly pause: ControllerWorld['pause'];
  readonly heads: ReadonlyMap<string, string | GitHubError>;
  readonly changed: string[];
}

function buildLoop({ local, config, store, supervisors: control, pause, heads, changed }: LoopParts) {
  const { aws, clock, metrics } = local;
  const snapshots = makeSnapshots({
    aws,
    installation: INSTALLATION,
    clusters: config.projects.map(({ cluster }) => cluster),
    listenerArns: config.listeners.map(({ arn }) => arn),
    clock,
  });
  const github = fakeGitHub(heads);
  const freshness = makeFreshness(clock, config.policy);
  const reconcile: Reconcile = makeEnvironmentReconcile({
    config,
    publicKey: 'PUBLIC KEY',
    store,
    observer: makeObserver({ snapshots, aws, github, control, installation: INSTALLATION, clock }),
    applier: makeApplier({ aws, control, clock, metrics }),
    logTail: makeLogTail({ aws, clock, secrets: [] }),
    freshness,
    clock,
    metrics,
    pause: () => {
      if (pause.unknown) throw pause.unknown;
      return pause.now;
    },
    onChanged: (sessionId) => void changed.push(sessionId),
  });
  return { reconcile, freshness };
}

export function fakeGitHub(heads: ReadonlyMap<string, string | GitHubError>): GitHubPort {
  const notAsked = async (): Promise<never> => {
    throw new GitHubError('unavailable', 'the environment loop asks for heads only');
  };
  return {
    async branchHead(repo, branch) {
      const head = heads.get(`${repo} ${branch}`);
      if (head instanceof GitHubError) throw head;
      return head;
    },
    pull: notAsked,
    findComment: notAsked,
    createComment: notAsked,
    updateComment: notAsked,
  };
}

/** Waits for a reconcile; lets time pass only while it waits for time, as for a rate limit. */
async function drive({ clock }: LocalWorld, running: Promise<Result>): Promise<Look> {
  let look: Look | undefined;
  running.then(
    (result) => {
      look = { result, error: undefined, againMs: result.requeueAfterMs };
    },
    (thrown: unknown) => {
      look = { result: undefined, error: toError(thrown), againMs: pauseAfter(thrown) };
    },
  );
  for (let turn = 1; !look; turn += 1) {
    if (turn > MOST_TURNS) throw new Error('the reconcile does not end');
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (turn % 200 === 0) await clock.advance(100);
  }
  return look;
}

function pauseAfter(thrown: unknown): number | undefined {
  if (thrown instanceof TerminalError) return undefined;
  return thrown instanceof WaitingError ? thrown.afterMs : DEFAULT_POLICY.transitionMs;
}

async function whatIsLeft({ aws }: LocalWorld, project: Project): Promise<Left> {
  const arns = await aws.ecs.listTasks(project.cluster, startedBy(INSTALLATION));
  const { tasks } = await aws.ecs.describeTasks(project.cluster, arns);
  const name = targetGroupName(INSTALLATION, SESSION);
  const groups = (await aws.elbv2.describeTargetGroups()).filter((group) => group.name === name);
  const host = hostOf(project.listener, SESSION);
  const rules = (await aws.elbv2.describeRules(project.listener.arn)).filter(({ hosts }) => hosts.includes(host));
  const targets = groups[0] ? await aws.elbv2.describeTargetHealth(groups[0].arn) : [];
  return { tasks, rules, targets, groups: groups.map(({ arn }) => arn) };
}
