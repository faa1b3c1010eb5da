/** Amazon's own command line program, as a client that is not ours. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian's package puts it, whatever the path is. */
const DEBIAN = '/usr/bin/aws';

/** The first that runs: a program of that name may be there and broken. */
export async function findAwsCli(): Promise<string | undefined> {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'aws'));
  for (const program of new Set([...onPath, DEBIAN])) {
    if (existsSync(program) && (await execute(program, ['--version'], { PATH: process.env['PATH'] })).code === 0)
      return program;
  }
  return undefined;
}

/** Answers, or the code and message of the error that AWS answered with. */
export interface AwsCli {
  /** For example `ecs list-tasks --cluster main`, each word an argument; objects are sent as JSON. */
  (...words: readonly (string | object)[]): Promise<CliAnswer>;
}

export type CliAnswer = Readonly<Record<string, unknown>>;

/** `code` as in `An error occurred (ConflictException) when calling the RunTask operation: …`. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;

  constructor(text: string) {
    super(text.trim());
    this.code = /An error occurred \((\w+)\)/.exec(text)?.[1] ?? 'unknown';
  }
}

export function makeAwsCli(program: string, endpoint: string, region: string): AwsCli {
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_DEFAULT_REGION: region,
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
  };
  return async (...words) => {
    const texts = words.map((word) => (typeof word === 'string' ? word : JSON.stringify(word)));
    const args = ['--endpoint-url', endpoint, '--output', 'json', ...texts];
    const { code, stdout, stderr } = await execute(program, args, env);
    if (code !== 0) throw new CliError(stderr);
    return stdout.trim() === '' ? {} : (JSON.parse(stdout) as CliAnswer);
  };
}

interface Executed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function execute(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Executed> {
  return new Promise((resolve) => {
    execFile(program, args, { env: { ...env } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, stdout, stderr: stderr || (error?.message ?? '') });
    });
  });
}
