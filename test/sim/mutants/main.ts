/**
 * `npm run sim:mutants [-- NAME…]`: runs each mutant in a process of its own and prints what caught it. Exits with 1 when
 * one survives, is stale, or when its run is not clean with the operator as it is, and lists the oracles that no mutant
 * has shown to fire.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { ORACLES } from '../oracles/oracle.ts';
import { judgeAll, type Verdict } from './jury.ts';
import { howText } from './mutant.ts';
import { MUTANTS } from './mutants.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { jobs: { type: 'string' } },
});

const chosen = positionals.length === 0 ? MUTANTS : MUTANTS.filter(({ name }) => positionals.includes(name));
const begun = performance.now();
const verdicts = await judgeAll(chosen, Number(values.jobs ?? Math.min(2, availableParallelism())));

show(verdicts);
for (const { mutant, outcome, words } of verdicts) {
  if (outcome !== 'caught') process.stdout.write(`${mutant.name}: ${outcome}. ${words || 'No oracle fired.'}\n`);
}
const caught = verdicts.filter(({ outcome }) => outcome === 'caught').length;
const seconds = Math.round((performance.now() - begun) / 1_000);
process.stdout.write(`${caught} of ${verdicts.length} mutants caught, in ${seconds} s\n`);
if (positionals.length === 0) tellUnshown(verdicts);
process.exitCode = caught === verdicts.length ? 0 : 1;

function show(lines: readonly Verdict[]): void {
  const table = new Table({ head: ['mutant', 'what is broken', 'caught by', 'run'], style: { head: [], border: [] } });
  for (const { mutant, outcome, by } of lines) {
    const { name, what, how } = mutant;
    table.push([name, what, outcome === 'caught' ? by.join(', ') : outcome.toUpperCase(), howText(how)]);
  }
  process.stdout.write(`${table.toString()}\n`);
}

/** An oracle that never fires is no oracle. */
function tellUnshown(lines: readonly Verdict[]): void {
  const shown = new Set(lines.flatMap(({ by }) => by));
  const unshown = Object.keys(ORACLES).filter((name) => !shown.has(name));
  const words = unshown.length === 0 ? 'every oracle has fired' : `oracles that never fired: ${unshown.join(', ')}`;
  process.stdout.write(`${words}\n`);
}
