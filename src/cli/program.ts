/** The `mayfly` command: one file a verb, each added here. */
import { Command, CommanderError } from 'commander';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPlan } from './plan/command.ts';
import { makeSession } from './session.ts';
import type { Terminal } from './terminal.ts';
import { ownVersion } from './version.ts';

const AFTER = `
Environment:
  MAYFLY_CONFIG         the configuration, when --config does not name it
  MAYFLY_SIGNING_KEY    the operator's signing key (or a file with it in MAYFLY_SIGNING_KEY_FILE)
  GITHUB_TOKEN          reads branches of private repositories
  AWS_PROFILE and others of AWS's, as for the AWS CLI; AWS_ENDPOINT_URL for another endpoint
  NO_COLOR              no colours`;

/** `args` without the program's own name. Never rejects. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = makeProgram(terminal, (exit) => {
    code = exit;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.error;
  }
  return code;
}

/** For the documentation's tests too, which hold the README to the help. */
export function makeProgram(terminal: Terminal, onExit: (code: ExitCode) => void): Command {
  const program = new Command('mayfly')
    .description('Looks at a Mayfly from a shell: with its configuration, and your credentials.')
    .version(ownVersion(), '--version', 'tells the version')
    .option('--config <path>', 'the configuration (default: mayfly.yaml, or what MAYFLY_CONFIG names)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
    })
    .showHelpAfterError('(mayfly --help, or mayfly VERB --help, tells what there is)')
    .addHelpText('after', AFTER)
    .exitOverride();
  const configPath = (): string | undefined => program.opts<{ config?: string }>().config;
  addPlan(program, makeSession({ terminal, configPath, onExit }));
  return program;
}

/** The same wherever it is read, so that the README shows it as it is. */
const HELP_WIDTH = 100;
