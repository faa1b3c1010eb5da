/**
 * Expansion of `${NAME}` in a project's environment variables. A name is one of Mayfly's own (`ENV_BUILTINS`) or another
 * key of the same map; `$${NAME}` stands for the text `${NAME}` itself. Configuration is checked with `envFaults`, so
 * that expanding never has to fail.
 */

/** What Mayfly sets in every task and values may refer to. A project's own keys never shadow them. */
export const ENV_BUILTINS = ['PUBLIC_URL', 'SESSION_ID', 'BRANCH', 'REPO', 'PR_NUMBER', 'PORT'] as const;

/**
 * Set by Mayfly too, but not to be referred to: a push changes the commit in place, while the variables of a running
 * task stay as they are. The supervisor gives each build and start its own COMMIT.
 */
export const ENV_OF_ONE_COMMIT = ['COMMIT'] as const;

/** What Mayfly sets unless the project does. */
export const ENV_DEFAULTS = ['NODE_ENV'] as const;

export type EnvBuiltin = (typeof ENV_BUILTINS)[number];
export type Env = Readonly<Record<string, string>>;
/** An absent member expands to nothing, e.g. `PR_NUMBER` of an environment made by hand. */
export type EnvBuiltins = Readonly<Partial<Record<EnvBuiltin | (typeof ENV_DEFAULTS)[number], string | undefined>>>;

/** What is wrong with the value of `key`. Texts hold names only, never values. */
export interface EnvFault {
  readonly key: string;
  readonly found: string;
  readonly allowed: string;
}

export const ENV_NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `$${` is an escape, `${NAME}` a reference; any other `${` is malformed and matches without a name. */
const REFERENCE = /\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)\})?/g;

/** Every value expanded. A reference that is unknown, malformed or leads back to itself stays as it is written. */
export function resolveEnv(env: Env, builtins: EnvBuiltins): Record<string, string> {
  const valueOf = (key: string, above: readonly string[]): string => {
    const path = [...above, key];
    return (env[key] ?? '').replace(REFERENCE, (written: string, name?: string) => {
      if (written === '$${') return '${';
      if (name === undefined || path.includes(name)) return written;
      if (isBuiltin(name)) return builtins[name] ?? '';
      if (Object.hasOwn(env, name)) return valueOf(name, path);
      return isDefault(name) ? (builtins[name] ?? '') : written;
    });
  };
  return Object.fromEntries(Object.keys(env).map((key) => [key, valueOf(key, [])]));
}

/** Everything that `resolveEnv` would leave as it is written: unknown names, malformed references, cycles. */
export function envFaults(env: Env): readonly EnvFault[] {
  const names = new Set<string>([...ENV_BUILTINS, ...ENV_DEFAULTS, ...Object.keys(env)]);
  const faults = Object.entries(env).flatMap(([key, value]) =>
    referencesOf(value).flatMap((name) =>
      name !== undefined && names.has(name) ? [] : [unknownName(key, name, names)],
    ),
  );
  return [...faults, ...cyclesOf(env)];
}

function unknownName(key: string, name: string | undefined, names: ReadonlySet<string>): EnvFault {
  if (name === undefined)
    return { key, found: 'a "${" without a name and "}"', allowed: '${NAME}, or $${ for the text "${"' };
  return { key, found: `\${${name}}`, allowed: `one of ${[...names].filter((each) => each !== key).join(', ')}` };
}

/** One fault for each cycle, at the first of its keys. */
function cyclesOf(env: Env): EnvFault[] {
  const faults: EnvFault[] = [];
  const settled = new Set<string>();
  const visit = (key: string, path: readonly string[]): void => {
    if (path.includes(key)) {
      const cycle = [...path.slice(path.indexOf(key)), key];
      faults.push({ key, found: `a cycle: ${cycle.join(' → ')}`, allowed: 'references that do not lead back' });
      return;
    }
    if (settled.has(key)) return;
    for (const name of referencesOf(env[key] ?? '')) {
      if (name !== undefined && !isBuiltin(name) && Object.hasOwn(env, name)) visit(name, [...path, key]);
    }
    settled.add(key);
  };
  for (const key of Object.keys(env)) visit(key, []);
  return faults;
}

/** Names referred to, in order; undefined for each malformed reference. */
function referencesOf(value: string): (string | undefined)[] {
  return [...value.matchAll(REFERENCE)].filter(([written]) => written !== '$${').map(([, name]) => name);
}

function isBuiltin(name: string): name is EnvBuiltin {
  return (ENV_BUILTINS as readonly string[]).includes(name);
}

function isDefault(name: string): name is (typeof ENV_DEFAULTS)[number] {
  return (ENV_DEFAULTS as readonly string[]).includes(name);
}
