/** What a schema cannot check of `.mayfly.yml`. */
import { routeFaults, settle, sharedFaults } from './agreement.ts';
import { CARRIED, INPUTS, type PathRules, readDirectory, readInputs, readPaths } from './entries.ts';
import { type Fault, found } from './faults.ts';
import { isBelow } from './paths.ts';
import type { Repo } from './repo.ts';
import type { Raw, RawApp } from './schema.ts';
import type { AppSpec, RecipeFile } from './spec.ts';

/** The supervisor sets them, or reads them and passes them on to nobody. */
const RESERVED =
  /^(?:PORT|HOST|PATH|SESSION_ID|REPO|BRANCH|COMMIT|PR_NUMBER|PUBLIC_URL|GITHUB_TOKEN|GIT_URL|BIND_ADDRESS|CONTROL_PORT|WORK_DIR|APP_UID|APP_GID|HEALTH_PATH|START_DEADLINE_SECONDS|PHASE_DEADLINE_SECONDS|MAYFLY_.*)$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PROCESS = /^[a-z][a-z0-9-]{0,29}$/;
const MOST_PROCESSES = 10;

type At = readonly PropertyKey[];

export interface Checked {
  readonly file: RecipeFile;
  readonly faults: readonly Fault[];
}

export function check(raw: Raw, repo: Repo): Checked {
  const { env = {}, robots, processes, ...single } = raw;
  const faults: Fault[] = [...variableFaults(env, ['env'])];
  const entries = Object.entries(processes ?? {});
  if (processes) faults.push(...processesFaults(Object.keys(processes), Object.keys(single)));
  const apps = processes
    ? entries.map(([name, app]) => readApp(app, { name, at: ['processes', name] }, repo, faults))
    : [readApp(single, { name: 'web', at: [] }, repo, faults)];
  faults.push(...routeFaults(apps), ...sharedFaults(apps));
  return { file: { env: texts(env), robots: robots === 'allow', apps: settle(apps) }, faults };
}

function processesFaults(names: readonly string[], besides: readonly string[]): Fault[] {
  const faults: Fault[] = besides.map((key) => ({
    path: [key],
    text: 'cannot stand beside processes; move it into the process that it is for',
  }));
  if (names.length === 0 || names.length > MOST_PROCESSES) {
    faults.push({ path: ['processes'], text: `names ${names.length} processes; allowed: 1 to ${MOST_PROCESSES}` });
  }
  for (const name of names.filter((each) => !PROCESS.test(each))) {
    const allowed = 'lower case letters, digits and hyphens, at most 30, a letter first';
    faults.push({ path: ['processes', name], text: `is no name for a process; allowed: ${allowed}` });
  }
  return faults;
}

function variableFaults(env: Readonly<Record<string, unknown>>, at: At): Fault[] {
  return Object.keys(env).flatMap((name): Fault[] => {
    if (RESERVED.test(name)) return [{ path: [...at, name], text: 'is set by Mayfly itself; choose another name' }];
    if (VARIABLE.test(name)) return [];
    return [{ path: [...at, name], text: 'is no name of a variable; allowed: letters, digits and _' }];
  });
}

interface Where {
  readonly name: string;
  readonly at: At;
}

function readApp(raw: RawApp, { name, at }: Where, repo: Repo, faults: Fault[]): AppSpec {
  const directory = readDirectory(raw.directory, [...at, 'directory'], repo, faults);
  const paths = (list: readonly string[] | undefined, key: At, rules: PathRules): string[] | undefined =>
    list && readPaths(list, { at: [...at, ...key], directory, rules }, faults);
  const inputs = paths(raw.inputs, ['inputs'], INPUTS);
  faults.push(...appFaults(raw, at));
  return {
    name,
    directory,
    hot: raw.hot === true,
    env: texts(raw.env ?? {}),
    carried: paths(raw.cache?.build, ['cache', 'build'], CARRIED) ?? [],
    ...present('install', commands(raw.install)),
    ...present('build', commands(raw.build)),
    ...present('start', raw.start),
    ...present('health', raw.health),
    ...present('route', raw.route?.replace(/(.)\/$/, '$1')),
    ...present('inputs', inputs && readInputs(inputs, directory)),
    ...present('installInputs', paths(raw.cache?.install, ['cache', 'install'], INPUTS)),
  };
}

function appFaults({ hot, build, env = {}, route }: RawApp, at: At): Fault[] {
  const faults = variableFaults(env, [...at, 'env']);
  if (hot && build) {
    faults.push({ path: [...at, 'build'], text: 'is never run with hot: true; leave one of them out' });
  }
  if (route !== undefined && isBelow(route, '/.mayfly')) {
    faults.push({ path: [...at, 'route'], text: found(route, 'any path but those below /.mayfly') });
  }
  return faults;
}

function commands(value: string | readonly string[] | false | undefined): readonly string[] | false | undefined {
  return typeof value === 'string' ? [value] : value;
}

function texts(env: Readonly<Record<string, string | number | boolean>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)]));
}

function present<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T };
}
