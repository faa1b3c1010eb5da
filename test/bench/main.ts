/**
 * `npm run bench`: figures of this machine, each beside its aim. Times depend on the machine and on what else it does, so
 * the exit code is 1 only when a claim about counts does not hold.
 */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { Bench } from './bench.ts';
import { container } from './container.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { pass } from './pass.ts';
import { makeProgress, render } from './print.ts';
import { webhooks } from './webhooks.ts';

const BENCHES: readonly Bench[] = [pass, webhooks, memory, latency, container];

async function main(names: readonly string[], { runs }: { readonly runs?: number }): Promise<void> {
  const chosen = BENCHES.filter(({ name }) => names.length === 0 || names.includes(name));
  const progress = makeProgress(process.stderr);
  const stopping = new AbortController();
  // A second signal ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));
  for (const { name, run } of chosen) {
    stopping.signal.throwIfAborted();
    const begun = performance.now();
    const result = await run({
      progress: (doing) => progress.show(`${name}: ${doing}`),
      signal: stopping.signal,
      runs,
    }).finally(() => progress.clear());
    const seconds = ((performance.now() - begun) / 1_000).toFixed(0);
    process.stdout.write(`${render(result)}\n(${name} took ${seconds} s)\n\n`);
    if (result.broken.length > 0) process.exitCode = 1;
  }
}

function count(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('allowed: 1 to 99');
  return Number(text);
}

const program = new Command('bench')
  .description('Figures of this machine, each beside its aim.')
  .addArgument(new Argument('[name...]', 'which; all unless named').choices(BENCHES.map(({ name }) => name)))
  .addOption(new Option('--runs <n>', 'of each variant, for a bench of whole runs').argParser(count))
  .addHelpText('after', `\n${BENCHES.map(({ name, about }) => `  ${name.padEnd(10)}${about}`).join('\n')}\n`)
  .action(main);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
