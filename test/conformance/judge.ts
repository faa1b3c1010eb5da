/** Runs cases, and says what came of each. */
import type { ArenaSource, Case } from './arena.ts';
import { DEVIATIONS } from './deviations.ts';

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The arena cannot do what the case needs. */
  | { readonly kind: 'skipped'; readonly why: string }
  /** It failed as it is known to. */
  | { readonly kind: 'deviating'; readonly why: string; readonly error: unknown };

export interface Judged {
  readonly case: Case;
  readonly verdict: Verdict;
  /** What the case made and could not remove. */
  readonly leftovers: readonly string[];
}

export async function judge(one: Case, source: ArenaSource): Promise<Judged> {
  const missing = (one.needs ?? []).filter((need) => !source.can.has(need));
  if (missing.length > 0) {
    return { case: one, verdict: { kind: 'skipped', why: `needs ${missing.join(', ')}` }, leftovers: [] };
  }
  const { error, leftovers } = await attempt(one, source);
  if (error === undefined) return { case: one, verdict: { kind: 'passed' }, leftovers };
  const why = one.facts.map((fact) => deviationsOf(source, fact)?.[fact]).find((each) => each !== undefined);
  const verdict: Verdict = why === undefined ? { kind: 'failed', error } : { kind: 'deviating', why, error };
  return { case: one, verdict, leftovers };
}

interface Attempt {
  /** Undefined when the case passed. */
  readonly error: unknown;
  readonly leftovers: readonly string[];
}

async function attempt(one: Case, source: ArenaSource): Promise<Attempt> {
  const { arena, close } = await source.open();
  const error = await failureOf(() => one.run(arena));
  const leftovers: string[] = [];
  const closing = await failureOf(async () => void leftovers.push(...(await close())));
  return { error: error ?? closing, leftovers };
}

const failureOf = (fn: () => Promise<void>): Promise<unknown> =>
  fn().then(
    () => undefined,
    (thrown: unknown) => thrown ?? new Error('failed with nothing'),
  );

function deviationsOf(
  { implementations }: Pick<ArenaSource, 'implementations'>,
  fact: string,
): Readonly<Record<string, string>> | undefined {
  return DEVIATIONS[fact.startsWith('dynamodb.') ? implementations.dynamodb : implementations.aws];
}

/** Listed deviations whose cases all passed; those whose cases did not run count as true. */
export function staleDeviations(judged: readonly Judged[], source: Pick<ArenaSource, 'implementations'>): string[] {
  const ran = judged.filter(({ verdict }) => verdict.kind !== 'skipped');
  const facts = new Set(ran.flatMap((each) => each.case.facts));
  return [...facts].filter((fact) => {
    if (deviationsOf(source, fact)?.[fact] === undefined) return false;
    return ran.every(({ case: { facts: cited }, verdict }) => !cited.includes(fact) || verdict.kind === 'passed');
  });
}
