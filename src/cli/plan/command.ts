/** `mayfly plan [SESSION]`: what the operator would do now and why, from a look at what is. Changes nothing. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { SESSION_PATTERN, slug } from '../../model/names.ts';
import type { Reader } from '../../operator.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { nextStep } from '../failure.ts';
import { startProgress } from '../progress.ts';
import type { Session } from '../session.ts';
import { painter, type Terminal } from '../terminal.ts';
import { exitCodeOf, type PlanDocument } from './document.ts';
import { lookAhead } from './look.ts';
import { planText } from './text.ts';

interface Flags {
  readonly output: 'text' | 'json';
}

const AFTER = `
Exit codes:
  0   nothing to do
  2   something to do
  1   an error, also of credentials, or something could not be seen
  78  the configuration is wrong, or names a table that is not there

Examples:
  mayfly plan                      every environment, and orphans
  mayfly plan web-my-branch        one environment, also when nothing is to be done
  mayfly plan -o json | jq '.environments[] | select(.steps != []) | .sessionId'`;

export function addPlan(program: Command, { run, terminal }: Session): void {
  program
    .command('plan')
    .summary('what the operator would do now, and why; changes nothing')
    .description(
      `What the operator would do now, and why: looks at the table, AWS, GitHub and control ports as it does, and changes nothing. Shows the steps of the next pass; what comes of them decides the one after.`,
    )
    .argument('[session]', 'the environment; every one, and orphans, when absent', sessionOf)
    .addOption(
      new Option('-o, --output <format>', 'for people or for programs').choices(['text', 'json']).default('text'),
    )
    .addHelpText('after', AFTER)
    .action((session: string | undefined, { output }: Flags) =>
      run((reader) => plan(reader, { session, output, terminal })),
    );
}

/** Anything else is nobody's environment, and an empty word a variable that was not set: not a wish to see all. */
function sessionOf(asked: string): string {
  if (SESSION_PATTERN.test(asked)) return asked;
  throw new InvalidArgumentError(
    `Allowed are at most 50 lower case letters, digits and inner hyphens, such as web-my-branch.${guess(asked)}`,
  );
}

function guess(asked: string): string {
  if (asked.trim() === '') return ' A variable that is not set?';
  const label = slug(asked);
  return label === '' ? '' : ` Is it a branch? Its session is the project's prefix and then ${label}, or begins so.`;
}

interface Wish extends Flags {
  readonly session: string | undefined;
  readonly terminal: Terminal;
}

async function plan(reader: Reader, { session, output, terminal }: Wish): Promise<ExitCode> {
  const progress = startProgress(terminal);
  const found = await lookAhead(reader, session, progress).finally(() => progress.end());
  const json = (): string => `${JSON.stringify(found, undefined, 2)}\n`;
  terminal.stdout.write(output === 'json' ? json() : planText(found, session !== undefined, painter(terminal)));
  const code = exitCodeOf(found);
  if (code === EXIT.error) terminal.stderr.write(`${nextSteps(found, reader).join('\n')}\n`);
  return code;
}

/** The plan is not whole: what a person can do about it. */
function nextSteps({ environments, orphans }: PlanDocument, { config }: Reader): readonly string[] {
  const troubles = [...environments.filter(({ settled }) => !settled), ...(orphans ? [orphans] : [])];
  const reasons = new Set(troubles.flatMap(({ trouble }) => trouble?.reason ?? []));
  const steps = [...reasons].map((reason) => nextStep(reason, config));
  return ['Something could not be seen, so this plan is not whole.', ...new Set(steps)];
}
