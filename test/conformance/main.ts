/** `npm run conformance`: the cases on any implementation of AWS's APIs that has an address, or on AWS itself. */
import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import type { ArenaSource } from './arena.ts';
import { CASES } from './cases.ts';
import { openEndpoint } from './endpoint.ts';
import { type Judged, judge, staleDeviations } from './judge.ts';
import { jsonOf, tableOf } from './report.ts';
import { type Flags, readSettings, SettingsError } from './settings.ts';

interface AllFlags extends Flags {
  readonly only?: string;
  readonly json?: boolean;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function runAll(source: ArenaSource, only: string): Promise<readonly Judged[]> {
  const chosen = CASES.filter(({ facts, name }) => `${facts.join(' ')} ${name}`.includes(only));
  const judged: Judged[] = [];
  for (const one of chosen) {
    const result = await judge(one, source);
    judged.push(result);
    const { kind } = result.verdict;
    if (kind !== 'skipped') say(`${judged.length}/${chosen.length} ${kind}: ${one.facts[0]}: ${one.name}`);
  }
  return judged;
}

async function run(flags: AllFlags): Promise<number> {
  const settings = readSettings(flags, process.env);
  const source = await openEndpoint({
    ...settings,
    runId: randomUUID().slice(0, 6),
    onLeftovers: (what) => say(what.map((one) => `not removed: ${one}`).join('\n')),
  });
  try {
    const judged = await runAll(source, flags.only ?? '');
    const stale = staleDeviations(judged, source);
    process.stdout.write(`${flags.json ? jsonOf(judged, stale) : tableOf(judged, stale)}\n`);
    return stale.length > 0 || judged.some(({ verdict }) => verdict.kind === 'failed') ? 1 : 0;
  } finally {
    await source.close();
  }
}

const program = new Command('conformance')
  .description('Does an implementation of AWS’s APIs do what Mayfly relies on?')
  .option('--endpoint <url>', 'default: AWS_ENDPOINT_URL')
  .option('--region <region>', 'default: AWS_REGION')
  .option('--vpc <id>')
  .option('--subnets <ids>', 'separated by commas')
  .option('--security-group <id>')
  .option('--image <reference>', 'has sh and sleep, and no entry point')
  .option('--missing-image <reference>', 'does not exist')
  .option('--execution-role <arn>', 'of the tasks')
  .option('--implementation <name>', 'whose deviations are known: see test/conformance/deviations.ts')
  .option('--dynamodb <name>', 'likewise, of DynamoDB')
  .option('--patience <seconds>', 'for what is to come true in the end', Number)
  .option('--only <text>', 'cases whose facts or name contain it')
  .option('--json', 'instead of the table')
  .option('--yes-this-is-my-account', 'run on AWS itself, which costs')
  .action(async (flags: AllFlags) => {
    process.exitCode = await run(flags);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  say(error.message);
  process.exitCode = 2;
}
