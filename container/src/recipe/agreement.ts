/** Whether the processes of `.mayfly.yml` get along with each other. */
import type { Fault } from './faults.ts';
import type { AppSpec } from './spec.ts';

export function routeFaults(apps: readonly AppSpec[]): Fault[] {
  return apps.flatMap(({ name, route }, index): Fault[] => {
    const other = apps.slice(0, index).find((each) => each.route === route);
    if (route === undefined || !other) return [];
    return [{ path: ['processes', name, 'route'], text: `${route} leads to ${other.name} already` }];
  });
}

/** A directory is installed and built once, whoever runs in it. */
export function sharedFaults(apps: readonly AppSpec[]): Fault[] {
  return apps.flatMap((app, index) =>
    apps
      .slice(0, index)
      .filter(({ directory }) => directory === app.directory)
      .flatMap((other) => {
        const differs = (['install', 'build', 'inputs'] as const).filter(
          (key) => app[key] !== undefined && other[key] !== undefined && !same(app[key], other[key]),
        );
        const text = `differs from that of ${other.name}, which has the same directory; write it once`;
        return differs.map((key): Fault => ({ path: ['processes', app.name, key], text }));
      }),
  );
}

/** With what is said once for a directory in each process that has it, and with a route to the root. */
export function settle(apps: readonly AppSpec[]): readonly AppSpec[] {
  return withRoot(apps.map((app) => ({ ...app, ...saidFor(app.directory, apps) })));
}

function saidFor(directory: string, apps: readonly AppSpec[]): Partial<AppSpec> {
  const there = apps.filter((app) => app.directory === directory);
  const first = (key: 'install' | 'build' | 'inputs'): Partial<AppSpec> => {
    const said = there.find((app) => app[key] !== undefined);
    return said ? { [key]: said[key] } : {};
  };
  const installInputs = there.flatMap((app) => app.installInputs ?? []);
  return {
    ...first('install'),
    ...first('build'),
    ...first('inputs'),
    ...(there.some((app) => app.installInputs) ? { installInputs } : {}),
    carried: there.flatMap((app) => app.carried),
  };
}

/**
 * The root leads to `web` when it has no route of its own, or to the first process when none has: one that stands
 * without a route beside others that have one is a worker.
 */
function withRoot(apps: readonly AppSpec[]): readonly AppSpec[] {
  if (apps.some(({ route }) => route === '/')) return apps;
  const none = apps.every(({ route }) => route === undefined);
  const chosen = apps.find(({ name, route }) => name === 'web' && route === undefined) ?? (none ? apps[0] : undefined);
  return apps.map((app) => (app === chosen ? { ...app, route: '/' } : app));
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
