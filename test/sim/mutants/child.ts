/**
 * One process of the jury: `child.ts NAME` makes the mutant's run with the operator broken, `child.ts --sound NAME…` makes
 * the runs of these mutants with the operator as it is. Prints a line of JSON for each run.
 */
import { changesOf, howText, type Mutant } from './mutant.ts';
import { breakOperator } from './mutate.ts';
import { MUTANTS } from './mutants.ts';

export interface Report {
  /** Of the mutant; `howText` where nothing is broken. */
  readonly name: string;
  /** Oracles that fired, each with how often and its first words. */
  readonly fired: readonly { readonly oracle: string; readonly times: number; readonly text: string }[];
  readonly error?: string | undefined;
}

const [first = '', ...others] = process.argv.slice(2);
if (first === '--sound') await runSound(others);
else await runBroken(mutantOf(first));

async function runBroken(mutant: Mutant): Promise<void> {
  const notLoaded = breakOperator(changesOf(mutant));
  await tell(mutant.name, mutant.how);
  if (notLoaded().length > 0) throw new Error(`${notLoaded().join(', ')} is not part of the run`);
}

async function runSound(names: readonly string[]): Promise<void> {
  const runs = new Map(names.map((name) => mutantOf(name)).map(({ how }) => [howText(how), how]));
  for (const [text, how] of runs) await tell(text, how);
}

function mutantOf(name: string): Mutant {
  const mutant = MUTANTS.find((each) => each.name === name);
  if (!mutant) throw new Error(`there is no mutant "${name}"`);
  return mutant;
}

/** The operator is imported here and not before, so that it can be broken. */
async function tell(name: string, how: Mutant['how']): Promise<void> {
  const { perform } = await import('./perform.ts');
  const report = await perform(how).then(
    (violations): Report => {
      const byOracle = Map.groupBy(violations, ({ oracle }) => oracle);
      const fired = [...byOracle].map(([oracle, all]) => ({ oracle, times: all.length, text: all[0]?.text ?? '' }));
      return { name, fired };
    },
    (error: unknown): Report => ({ name, fired: [], error: String(error) }),
  );
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
