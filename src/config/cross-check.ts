/**
 * Checks across keys. They read the file's plain values and pass over whatever the schema reports, so that a person
 * sees all faults at once rather than in two rounds.
 */
import { ENV_BUILTINS, ENV_OF_ONE_COMMIT, type Env, envFaults } from '../model/expand-env.ts';
import { describe } from '../model/faults.ts';
import type { Path } from './path.ts';

export interface CrossFault {
  readonly path: Path;
  readonly found: string;
  readonly allowed: string;
}

type Values = Readonly<Record<string, unknown>>;

/** Set by Mayfly in every task, so that a value in the file would never be seen. */
const RESERVED: ReadonlySet<string> = new Set([...ENV_BUILTINS, ...ENV_OF_ONE_COMMIT, 'MAYFLY_PUBLIC_KEY']);

export function crossCheck(file: unknown): CrossFault[] {
  const root = mapOf(file);
  const projects = Object.entries(mapOf(root['projects'])).map(([name, project]) => ({ name, values: mapOf(project) }));
  return [
    ...prefixFaults(projects),
    ...repoFaults(projects),
    ...projects.flatMap((project) => [...labelFaults(project), ...variableFaults(project)]),
    ...projects.flatMap((project) => [...listenerFaults(project, root), ...inheritedFaults(project, root)]),
    ...emptyFaults(root),
    ...portFaults(root),
    ...tableFaults(root),
  ];
}

interface RawProject {
  readonly name: string;
  readonly values: Values;
}

/** `a` and `a-b` would share session ids: branch `b-c` of the one and `c` of the other. */
function prefixFaults(projects: readonly RawProject[]): CrossFault[] {
  const prefixes = projects.map(({ name, values }) => ({ name, prefix: values['prefix'] }));
  return prefixes.flatMap(({ name, prefix }, index) =>
    prefixes.flatMap((other, position) => {
      if (typeof prefix !== 'string' || typeof other.prefix !== 'string' || prefix === '') return [];
      const same = prefix === other.prefix && position < index;
      if (!same && !prefix.startsWith(`${other.prefix}-`)) return [];
      const relation = same ? 'is the prefix' : `extends the prefix "${other.prefix}"`;
      return [
        {
          path: ['projects', name, 'prefix'],
          found: `"${prefix}", which ${relation} of ${other.name}`,
          allowed: 'a prefix that is not another one, and not another one followed by a hyphen',
        },
      ];
    }),
  );
}

function repoFaults(projects: readonly RawProject[]): CrossFault[] {
  const owners = new Map<string, string>();
  return projects.flatMap(({ name, values }) => {
    if (typeof values['repo'] !== 'string') return [];
    const repo = values['repo'].toLowerCase();
    const owner = owners.get(repo);
    owners.set(repo, owner ?? name);
    if (owner === undefined) return [];
    const found = `"${values['repo']}", the repository of ${owner}`;
    return [{ path: ['projects', name, 'repo'], found, allowed: 'one project for each repository' }];
  });
}

/** GitHub takes labels that differ only in case for the same. */
function labelFaults({ name, values }: RawProject): CrossFault[] {
  const seen = new Map<string, string>();
  return Object.keys(mapOf(values['labels'])).flatMap((label) => {
    const before = seen.get(label.toLowerCase());
    seen.set(label.toLowerCase(), label);
    if (before === undefined) return [];
    const found = `the label "${label}" beside "${before}"`;
    return [{ path: ['projects', name, 'labels', label], found, allowed: 'labels that differ in more than case' }];
  });
}

function variableFaults({ name, values }: RawProject): CrossFault[] {
  const path = ['projects', name, 'env'];
  const entries = Object.entries(mapOf(values['env'])).filter(([, value]) => typeof value !== 'object');
  const env: Env = Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
  const reserved = Object.keys(env).filter((key) => RESERVED.has(key));
  return [
    ...envFaults(env).map(({ key, found, allowed }) => ({ path: [...path, key], found, allowed })),
    ...reserved.map((key) => ({
      path: [...path, key],
      found: `the name "${key}"`,
      allowed: `names other than ${[...RESERVED].join(', ')}, which Mayfly sets itself`,
    })),
  ];
}

function listenerFaults({ name, values }: RawProject, root: Values): CrossFault[] {
  const listeners = Object.keys(mapOf(root['listeners']));
  const listener = values['listener'];
  const path = ['projects', name, 'listener'];
  const allowed = `one of ${listeners.join(', ')}`;
  if (listeners.length === 0) return [];
  if (listener === undefined) return listeners.length === 1 ? [] : [{ path, found: 'nothing', allowed }];
  if (typeof listener !== 'string' || listeners.includes(listener)) return [];
  return [{ path, found: `"${listener}"`, allowed }];
}

function inheritedFaults({ name, values }: RawProject, root: Values): CrossFault[] {
  return ['cluster', 'network']
    .filter((key) => values[key] === undefined && root[key] === undefined)
    .map((key) => ({ path: ['projects', name, key], found: 'nothing', allowed: `${key} here, or for all at the top` }));
}

function emptyFaults(root: Values): CrossFault[] {
  return ['listeners', 'projects']
    .filter((key) => isMap(root[key]) && Object.keys(root[key]).length === 0)
    .map((key) => ({ path: [key], found: 'an empty map', allowed: 'at least one' }));
}

function portFaults(root: Values): CrossFault[] {
  const http = mapOf(root['http']);
  const defaults = { webhooks: 8080, frontDoor: 8081, admin: 9464 };
  const owners = new Map<unknown, string>();
  return Object.entries(defaults).flatMap(([name, usual]) => {
    const port = mapOf(http[name])['port'] ?? usual;
    const owner = owners.get(port);
    owners.set(port, name);
    if (owner === undefined || port === 0) return [];
    const found = `${describe(port)}, the port of http.${owner}`;
    return [{ path: ['http', name, 'port'], found, allowed: 'a port for each server' }];
  });
}

/** Their keys differ. */
function tableFaults(root: Values): CrossFault[] {
  const { table = 'mayfly-environments', leaseTable = 'mayfly-leases' } = mapOf(root['store']);
  if (leaseTable !== table) return [];
  const found = `${describe(leaseTable)}, the table of the records`;
  return [{ path: ['store', 'leaseTable'], found, allowed: 'a table of its own' }];
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapOf(value: unknown): Values {
  return isMap(value) ? value : {};
}
