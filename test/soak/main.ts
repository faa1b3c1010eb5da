/** `npm run soak`: the whole product as real processes, disturbed for some minutes; and a flood of webhooks. */
import { Command, InvalidArgumentError } from 'commander';
import { flood } from './flood/flood.ts';
import { startProgress } from './progress.ts';
import { soak } from './soak.ts';

interface Flags {
  readonly minutes: number;
  readonly environments: number;
  readonly seed?: number;
  readonly patience: number;
  readonly keep?: boolean;
}

function number(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isFinite(value) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`allowed: ${from} to ${to}`);
  };
}

/** Aborted by the first signal; a second one ends the process at once, and its children with it. */
function untilSignalled(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => controller.abort(new Error(`stopped by ${signal}`)));
  return controller.signal;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function runSoak({
  minutes,
  environments,
  seed = Date.now() % 1_000_000,
  patience,
  keep = false,
}: Flags): Promise<void> {
  const progress = startProgress(print);
  progress.say(`seed ${seed}`);
  const signal = untilSignalled();
  const report = await soak({ minutes, environments, seed, patienceMinutes: patience, keep, progress, signal });
  print(`\n${report.lines.join('\n')}`);
  if (!report.ok) process.exitCode = 1;
}

interface FloodFlags {
  readonly deliveries: number;
  readonly seed?: number;
  readonly keep?: boolean;
}

async function runFlood({ deliveries, seed = Date.now() % 1_000_000, keep = false }: FloodFlags): Promise<void> {
  const progress = startProgress(print);
  progress.say(`seed ${seed}`);
  const report = await flood({ deliveries, seed, keep, progress, signal: untilSignalled() });
  print(`\n${report.lines.join('\n')}`);
  if (!report.ok) process.exitCode = 1;
}

const program = new Command('soak').description(
  'Real processes over HTTP, disturbed; and then everything must come right.',
);

program
  .command('run', { isDefault: true })
  .description('two operators, many environments, people, faults and troubles; then quiet')
  .option('--minutes <n>', 'of disturbance', number(0.1, 600), 5)
  .option('--environments <n>', 'pull requests with an environment each', number(1, 90), 60)
  .option('--seed <n>', 'decides what people and faults do', number(0, 2 ** 31))
  .option('--patience <minutes>', 'for everything to come right at the end', number(0.1, 120), 10)
  .option('--keep', 'keeps logs and state')
  .action(runSoak);

program
  .command('flood')
  .description(
    'signed webhooks, doubled, out of order and malformed, over both replicas, with the store away for a part',
  )
  .option('--deliveries <n>', 'in all', number(200, 1_000_000), 5_000)
  .option('--seed <n>', 'decides what is sent, and in which order', number(0, 2 ** 31))
  .option('--keep', 'keeps logs and state')
  .action(runFlood);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
