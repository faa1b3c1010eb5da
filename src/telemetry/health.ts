/** Named checks that say whether this process is ready for its work, and why not. */
export interface Check {
  readonly ok: boolean;
  /** For people: what is wrong and what to do, or what was last seen. */
  readonly detail: string;
}

export interface Health {
  set(name: string, ok: boolean, detail: string): void;
  /** Ready when every check is. */
  ready(): boolean;
  checks(): Readonly<Record<string, Check>>;
}

/** The named checks fail until they are first set, so that a process is not ready before each has reported. */
export function makeHealth(names: readonly string[] = []): Health {
  const checks = new Map<string, Check>(names.map((name) => [name, { ok: false, detail: 'has not reported yet' }]));
  return {
    set: (name, ok, detail) => void checks.set(name, { ok, detail }),
    ready: () => [...checks.values()].every(({ ok }) => ok),
    checks: () => Object.fromEntries(checks),
  };
}
