/** tsconfig.json, as far as it tells what a build reads and keeps. */
import { makeFilter } from './inputs.ts';
import { isRecord } from './manifest.ts';
import { join } from './paths.ts';

export interface TsConfig {
  /** Paths from its directory that it takes in; exclusions respected. */
  readonly includes: (path: string) => boolean;
  /** All of it but what `include`, `exclude` and `files` say, as text. */
  readonly rest: string;
  /** Of a check that writes nothing else, from its directory; undefined when it keeps none. */
  readonly checkState: string | undefined;
}

/** Comments and trailing commas are allowed there. Undefined when it cannot be understood. */
export function parseTsConfig(text: string, name: string): TsConfig | undefined {
  const config = parseLoosely(text);
  if (!isRecord(config)) return undefined;
  const { include, exclude, files, ...rest } = config;
  const everything = files === undefined ? [''] : [];
  return {
    includes: makeFilter({
      include: [...(include === undefined ? everything : paths(include)), ...paths(files)],
      exclude: paths(exclude),
    }),
    rest: JSON.stringify(rest),
    checkState: checkStateOf(config['compilerOptions'], name),
  };
}

function paths(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((each): each is string => typeof each === 'string').map((each) => join('', each));
}

/**
 * Only where nothing is emitted: with the state of an earlier run, TypeScript leaves out what did not change, and a new
 * checkout has no output that it would be missing from.
 */
function checkStateOf(options: unknown, name: string): string | undefined {
  if (!isRecord(options) || options['noEmit'] !== true) return undefined;
  const { tsBuildInfoFile } = options;
  if (typeof tsBuildInfoFile === 'string') return join('', tsBuildInfoFile);
  const kept = options['incremental'] === true || options['composite'] === true;
  return kept ? name.replace(/\.json$/, '.tsbuildinfo') : undefined;
}

function parseLoosely(text: string): unknown {
  const STRING = '("(?:\\\\.|[^"\\\\])*")';
  // What is not closed runs to the end, so that no text takes more than one pass.
  const plain = text
    .replaceAll(new RegExp(`${STRING}|//[^\\n]*|/\\*[^]*?(?:\\*/|$)`, 'g'), '$1')
    .replaceAll(new RegExp(`${STRING}|,(?=\\s*[}\\]])`, 'g'), '$1');
  try {
    return JSON.parse(plain);
  } catch {
    return undefined;
  }
}
