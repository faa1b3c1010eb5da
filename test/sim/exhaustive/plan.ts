/** One way to strike one call of one scenario. Sieve's test plan. */
export interface Plan {
  readonly scenario: string;
  readonly seed: number;
  /** One start of a replica: `alpha.1`. */
  readonly process: string;
  /** Number of its call. */
  readonly call: number;
  /** Of that call, so that a plan which no longer fits is noticed. */
  readonly operation: string;
  readonly strike: StrikeName;
}

export type StrikeName = keyof typeof STRIKES;

/** By fault of RELIABILITY. */
export const STRIKES = {
  'crash-before': 'P1',
  'crash-after': 'P1',
  'crash-before-handover': 'P1',
  'crash-after-handover': 'P1',
  lost: 'P2',
  'answer-lost': 'P2',
  'late-5s': 'P2',
  'late-40s': 'P2',
  doubled: 'P2',
  'stale-once': 'P3',
  'stale-5s': 'P3',
  'stale-60s': 'P3',
  'stale-5min': 'P3',
  throttled: 'P5',
  disguised: 'P5',
  'page-fails': 'P6',
  'page-omits': 'P6',
  'frozen-in-flight': 'P8',
  'frozen-applied-late': 'P8',
} as const;

/** `push/17:crash-after`, as on the command line. */
export function nameOf({ scenario, process, call, strike }: Plan): string {
  return `${scenario}/${process}/${call}/${strike}`;
}
