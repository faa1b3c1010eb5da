/**
 * Names for what an install or a build makes: equal keys, equal results. Each is a hash over everything that the result
 * depends on, one JSON text a line, behind the name of the format. Pure.
 */
import { createHash, type Hash } from 'node:crypto';
import { makeFilter } from './inputs.ts';
import { byText } from './paths.ts';
import type { Build, Install } from './recipe.ts';

/** What installed modules and built output depend on besides the project's files. */
export interface NodeFacts {
  /** `process.version` */
  readonly version: string;
  /** Version of the interface that native modules are compiled for. */
  readonly modules: string;
  readonly platform: string;
  readonly arch: string;
  /** `glibc` or `musl`, where it is known. */
  readonly libc?: string;
}

export interface BuildFacts {
  readonly files: ReadonlyMap<string, string>;
  /** The variables that count, see `countingEnv`. */
  readonly env: Readonly<Record<string, string>>;
  /** Of every install whose modules the build can see. */
  readonly installKeys: readonly string[];
  readonly node: NodeFacts;
}

/** 64 hex digits. `files` is path → id of the content, of the whole commit. */
export function installKey(install: Install, files: ReadonlyMap<string, string>, node: NodeFacts): string {
  const hash = begin('mayfly-install-1', node);
  const { directory, command, outputs } = install;
  line(hash, [directory, command.file, command.args, outputs.toSorted(byText)]);
  for (const path of install.inputs.toSorted(byText)) line(hash, [path, files.get(path) ?? null]);
  return hash.digest('hex');
}

/**
 * 64 hex digits, for modules that are nearly right: of the same place and manager, whatever the lock file said. A new
 * one each `period`, so that what differs stays little.
 */
export function nearKey({ directory, command, outputs }: Install, node: NodeFacts, period: number): string {
  const hash = begin('mayfly-near-1', node);
  line(hash, [directory, command.file, command.args, outputs.toSorted(byText), period]);
  return hash.digest('hex');
}

/** 64 hex digits. */
export function buildKey(build: Build, { files, env, installKeys, node }: BuildFacts): string {
  const hash = begin('mayfly-build-1', node);
  const { directory, command, inputs } = build;
  line(hash, [directory, command.file, command.args]);
  line(hash, installKeys.toSorted(byText));
  line(
    hash,
    Object.entries(env).toSorted(([one], [other]) => byText(one, other)),
  );
  const included = makeFilter(inputs);
  const paths = [...files.keys()].filter(included);
  for (const path of paths.toSorted(byText)) line(hash, [path, files.get(path)]);
  return hash.digest('hex');
}

/** They differ between commits and environments, and most builds do not read them. */
export const MAYFLY_VARIABLES = ['COMMIT', 'BRANCH', 'SESSION_ID', 'PR_NUMBER', 'PUBLIC_URL'] as const;

/** They differ between machines and tell a build nothing about the project. */
const MACHINE_VARIABLES = new Set([
  'HOSTNAME',
  'HOME',
  'PWD',
  'OLDPWD',
  'SHLVL',
  '_',
  'TERM',
  'PATH',
  'TMPDIR',
  'AWS_EXECUTION_ENV',
  'PORT',
  'HOST',
]);
const MACHINE_PREFIXES = /^(?:ECS_|AWS_CONTAINER_|npm_)/;

/** The variables of a child's environment that its output may depend on; `variables` as in `Build`. */
export function countingEnv(
  env: Readonly<Record<string, string>>,
  variables: readonly string[],
): Record<string, string> {
  const own = new Set<string>(MAYFLY_VARIABLES);
  const counts = (name: string): boolean =>
    variables.includes(name) || !(own.has(name) || MACHINE_VARIABLES.has(name) || MACHINE_PREFIXES.test(name));
  return Object.fromEntries(Object.entries(env).filter(([name]) => counts(name)));
}

function begin(format: string, { version, modules, platform, arch, libc }: NodeFacts): Hash {
  const hash = createHash('sha256').update(`${format}\n`);
  line(hash, [version, modules, platform, arch, libc ?? null]);
  return hash;
}

/** JSON keeps the parts apart: no value can be taken for two, or for another's. */
function line(hash: Hash, value: unknown): void {
  hash.update(`${JSON.stringify(value)}\n`);
}
