/** The local AWS in process and under virtual time does what AWS does: every fact, hours included. */
import { openInProcess } from './in-process.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(openInProcess);
