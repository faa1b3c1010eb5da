/** What people read when nothing in the repository says how it is run: what was looked for, and what to write. */
import type { AppSpec } from './spec.ts';

const FRONT_NAMES = ['web', 'www', 'frontend', 'client', 'app', 'site', 'ui'];

export function nothingFound({ directory, hot }: AppSpec): string {
  const where = directory === '' ? 'the root of the repository' : directory;
  if (hot) {
    return `hot: true needs a script dev (or start) in package.json of ${where}, or a start in .mayfly.yml`;
  }
  return `nothing says how ${directory === '' ? 'the repository' : directory} is run. Looked for in ${where}: package.json with a script start or dev, or build and an index.html; server/package.json with a script start; workspaces with such scripts; index.html; public/index.html. Add one of them, or write .mayfly.yml, e.g.:

${directory === '' ? '' : `directory: ${directory}\n`}install: npm ci
start: node server.js   # listens on $PORT`;
}

/** Several members of a workspace could be the app. */
export function severalMembers(members: readonly string[]): string {
  const names = new Map<string, string>();
  for (const member of members) names.set(member, freeName(lastPart(member), new Set(names.values())));
  const front = members.find((member) => FRONT_NAMES.includes(lastPart(member))) ?? members[0];
  const lines = members.map((member) => {
    const name = names.get(member) ?? '';
    return `  ${name}: { directory: ${member}, route: ${member === front ? '/' : `/${name}`} }`;
  });
  return `several workspaces can be run: ${members.join(', ')}. Say in .mayfly.yml which of them are, and where, e.g.:

processes:
${lines.join('\n')}`;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const plain = wanted
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replace(/^[^a-z]+/, '');
  const name = plain.slice(0, 24) || 'app';
  for (let number = 2; ; number += 1) {
    const free = number === 2 ? name : `${name}-${number - 1}`;
    if (!taken.has(free)) return free;
  }
}
