/** package.json, as far as it tells how a project is run. */
import { PhaseError } from '../updates/progress.ts';

export interface Manifest {
  readonly name: string | undefined;
  readonly scripts: Readonly<Record<string, string>>;
  /** Of all kinds, name → range; peers excepted. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Globs of directories; undefined when it has none. */
  readonly workspaces: readonly string[] | undefined;
  /** `npm`, `pnpm` …, of the field packageManager. */
  readonly packageManager: string | undefined;
  /** The whole text but for its scripts. */
  readonly rest: string;
}

/** Throws a PhaseError that says where it is not valid; what is of an odd kind inside is left out. */
export function parseManifest(text: string, path: string): Manifest {
  const parsed = parseObject(text, path);
  const { scripts, ...rest } = parsed;
  const { name, packageManager } = parsed;
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'];
  return {
    name: typeof name === 'string' ? name : undefined,
    scripts: texts(scripts),
    dependencies: Object.assign({}, ...kinds.map((kind) => texts(parsed[kind]))) as Record<string, string>,
    workspaces: workspacesOf(parsed['workspaces']),
    packageManager: typeof packageManager === 'string' ? packageManager.split('@')[0] : undefined,
    rest: JSON.stringify(rest),
  };
}

export function hasScript(manifest: Manifest | undefined, name: string): boolean {
  return manifest !== undefined && Object.hasOwn(manifest.scripts, name);
}

/** Why a text is no JSON, and where; undefined when it is. */
export function faultOfJson(text: string): string | undefined {
  const conflict = /^(?:<{7}|>{7}) /m.exec(text);
  if (conflict) return `it holds the markers of a git merge conflict (line ${lineAt(text, conflict.index)})`;
  if (text.trim() === '') return 'it is empty';
  const message = messageOf(text);
  if (message === undefined || !isUnplaced(message)) return message && `it is not valid JSON: ${message}`;
  const index = placeOf(text);
  return `it is not valid JSON: unexpected ${JSON.stringify(text[index])} (line ${lineAt(text, index)})`;
}

function parseObject(text: string, path: string): Readonly<Record<string, unknown>> {
  const plain = text.replace(/^\uFEFF/, '');
  const fault = faultOfJson(plain);
  if (fault !== undefined) throw new PhaseError('recipe', `${path} cannot be read: ${fault}`);
  const parsed: unknown = JSON.parse(plain);
  if (isRecord(parsed)) return parsed;
  throw new PhaseError('recipe', `${path} cannot be read: it does not hold a JSON object`);
}

function messageOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Of a token that fits nowhere JSON.parse tells no place, but some text around it. */
function isUnplaced(message: string): boolean {
  return message.startsWith('Unexpected token');
}

/** The shortest beginning of the text that has the token ends with it. */
function placeOf(text: string): number {
  let low = 0;
  for (let high = text.length; low < high; ) {
    const middle = Math.floor((low + high) / 2);
    if (isUnplaced(messageOf(text.slice(0, middle)) ?? '')) high = middle;
    else low = middle + 1;
  }
  return low - 1;
}

/** Yarn's older form is `{ packages: [...] }`. */
function workspacesOf(value: unknown): readonly string[] | undefined {
  const list = isRecord(value) ? value['packages'] : value;
  if (!Array.isArray(list)) return undefined;
  return list.filter((each): each is string => typeof each === 'string');
}

function texts(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
