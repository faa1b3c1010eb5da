/** What a bench is given and what it gives back; `main.ts` runs them and `print.ts` prints them. */
export interface BenchContext {
  /** Tells on a terminal what goes on now. */
  readonly progress: (doing: string) => void;
  /** Aborts when the person has had enough: the bench closes what it opened and rejects with the reason. */
  readonly signal: AbortSignal;
  /** How often each variant runs, where a bench consists of whole runs; its own choice when undefined. */
  readonly runs: number | undefined;
}

export interface BenchResult {
  readonly title: string;
  /** How it was measured: one line, or a few. */
  readonly method: readonly string[];
  readonly head: readonly string[];
  /** One cell for each column. */
  readonly rows: readonly (readonly string[])[];
  /** Claims about counts that do not hold. Times never go here: they depend on the machine. */
  readonly broken: readonly string[];
}

export interface Bench {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  run(context: BenchContext): Promise<BenchResult>;
}

/** A time or size beside its aim. */
export function verdict(value: number, aim: number): string {
  return value <= aim ? 'met' : 'missed';
}
