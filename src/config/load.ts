/** Reads mayfly.yaml and the environment, and reports every fault of both at once. */
import { isAbsolute } from 'node:path';
import type { Config, ReaderConfig, ReaderSecrets } from '../model/config.ts';
import { crossCheck } from './cross-check.ts';
import { readDocument } from './document.ts';
import { type ConfigFault, faultsOfIssues } from './faults.ts';
import { isHttpUrl } from './fields.ts';
import { pathText } from './path.ts';
import { resolveConfig, type Surroundings } from './resolve.ts';
import { type FileConfig, FileSchema } from './schema.ts';
import { codeOf, type ProcessEnv, type ReadFile, readReaderSecrets, readSecrets, type SecretsRead } from './secrets.ts';

export const DEFAULT_PATH = 'mayfly.yaml';

export interface LoadOptions {
  /** From the command line; else MAYFLY_CONFIG, else mayfly.yaml in the working directory. */
  readonly path?: string | undefined;
  readonly env: ProcessEnv;
  readonly readFile: ReadFile;
}

export type Loaded<C extends ReaderConfig = Config> =
  | { readonly ok: true; readonly config: C; readonly path: string }
  | { readonly ok: false; readonly faults: readonly ConfigFault[]; readonly path: string };

export function loadConfig(options: LoadOptions): Loaded {
  return load(options, readSecrets(options.env, options.readFile));
}

/** For commands that only read. They need the signing key: control ports are asked with it, and tasks carry its other half. */
export function loadReaderConfig(options: LoadOptions): Loaded<ReaderConfig> {
  return load(options, readReaderSecrets(options.env, options.readFile));
}

function load<S extends ReaderSecrets>(
  { path = '', env, readFile }: LoadOptions,
  secrets: SecretsRead<S>,
): Loaded<Omit<Config, 'secrets'> & { readonly secrets: S }> {
  const used = path || env['MAYFLY_CONFIG'] || DEFAULT_PATH;
  const file = readConfigFile(used, readFile);
  const around = readSurroundings(file.config, env, secrets);
  const faults = [...file.faults, ...around.faults];
  if (!file.config || !around.value || faults.length > 0) return { ok: false, faults, path: used };
  return { ok: true, config: resolveConfig(file.config, around.value), path: used };
}

function readConfigFile(path: string, readFile: ReadFile): { config?: FileConfig; faults: readonly ConfigFault[] } {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const where = isAbsolute(path) ? path : `${path} in the working directory`;
    const allowed = 'a file that can be read; MAYFLY_CONFIG names another';
    return { faults: [{ path: '(the file)', found: `${where} (${codeOf(error)})`, allowed }] };
  }
  return checkFile(text);
}

function checkFile(text: string): { config?: FileConfig; faults: readonly ConfigFault[] } {
  const { value, faults, lineOf } = readDocument(text);
  if (faults.length > 0) return { faults };
  const parsed = FileSchema.safeParse(value);
  const own = parsed.success ? [] : faultsOfIssues(parsed.error.issues, value, lineOf);
  const across = crossCheck(value).map((fault) => ({ ...fault, path: pathText(fault.path), line: lineOf(fault.path) }));
  return { ...(parsed.success ? { config: parsed.data } : {}), faults: [...own, ...across] };
}

function readSurroundings<S extends ReaderSecrets>(
  file: FileConfig | undefined,
  env: ProcessEnv,
  { secrets, faults: secretFaults }: SecretsRead<S>,
): { value?: Surroundings<S>; faults: readonly ConfigFault[] } {
  const region = file?.aws.region ?? env['AWS_REGION'];
  const faults = [
    ...secretFaults,
    ...['AWS_ENDPOINT_URL', 'GITHUB_API_URL'].flatMap((name) => urlFault(name, env[name])),
    ...(file && !region
      ? [{ path: 'aws.region', found: 'nothing', allowed: 'an AWS region here or in AWS_REGION' }]
      : []),
  ];
  if (!secrets || !region) return { faults };
  const awsEndpoint = withoutSlash(env['AWS_ENDPOINT_URL']);
  const githubApiUrl = withoutSlash(env['GITHUB_API_URL']);
  return { value: { region, awsEndpoint, githubApiUrl, secrets }, faults };
}

function urlFault(path: string, value: string | undefined): ConfigFault[] {
  if (!value || isHttpUrl(value)) return [];
  return [{ path, found: 'text that is no such URL', allowed: 'an http or https URL' }];
}

function withoutSlash(url: string | undefined): string | undefined {
  return url ? url.replace(/\/+$/, '') : undefined;
}
