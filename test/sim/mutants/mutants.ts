/** All mutants. Names and words only: nothing of the operator is imported before it is broken. */
import type { Mutant } from './mutant.ts';
import { ROUTE_MUTANTS } from './route-mutants.ts';
import { SERVICE_MUTANTS } from './service-mutants.ts';
import { STATE_MUTANTS } from './state-mutants.ts';
import { TASK_MUTANTS } from './task-mutants.ts';

export const MUTANTS: readonly Mutant[] = [...TASK_MUTANTS, ...ROUTE_MUTANTS, ...STATE_MUTANTS, ...SERVICE_MUTANTS];
