/** Commands of shells: those of `.mayfly.yml`, and scripts of package.json. */
import type { Command } from '../processes/process-group.ts';
import type { Manifest } from './manifest.ts';
import type { Manager } from './recipe.ts';

const LONGEST_TITLE = 80;

/** One after the other, each in a shell of its own, up to the first that fails. */
export function shellCommand(commands: readonly string[]): Command {
  const [only] = commands;
  const text = only !== undefined && commands.length === 1 ? only : commands.map((each) => `(${each}\n)`).join(' &&\n');
  return { file: '/bin/sh', args: ['-c', text], title: titleOf(commands) };
}

/**
 * A shell of our own starts at once, stays small beside the app and keeps the script's exit code, but knows no pre and
 * post scripts and sets no `npm_…` variables; a script that may need those runs under its package manager. The phases
 * put `node_modules/.bin` on the PATH.
 *
 * `change` makes the script's text another one, and `more` are arguments that stand for the same where the package
 * manager runs the script.
 */
export function scriptCommand(
  manager: Manager,
  manifest: Manifest,
  name: string,
  { change, more }: Change = UNCHANGED,
): Command {
  const { scripts } = manifest;
  const script = scripts[name] ?? '';
  const hooked = Object.hasOwn(scripts, `pre${name}`) || Object.hasOwn(scripts, `post${name}`);
  const title = `${manager} run ${name}`;
  // Yarn may keep no node_modules at all and resolve commands itself.
  const managed = manager === 'yarn' || hooked || script.includes('npm_');
  if (!managed) return { file: '/bin/sh', args: ['-c', change(script)], title };
  if (more === '') return { file: manager, args: ['run', name], title };
  return { file: '/bin/sh', args: ['-c', `exec ${title} ${manager === 'npm' ? '-- ' : ''}${more}`], title };
}

export interface Change {
  readonly change: (script: string) => string;
  readonly more: string;
}

const UNCHANGED: Change = { change: (script) => script, more: '' };

function titleOf(commands: readonly string[]): string {
  const text = commands.join(' && ').replaceAll(/\s+/g, ' ').trim();
  return text.length > LONGEST_TITLE ? `${text.slice(0, LONGEST_TITLE)}…` : text;
}
