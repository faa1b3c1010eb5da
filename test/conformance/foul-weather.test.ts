/** The same facts where AWS is as slow and as terse as it may be: what is shown late, and what is not documented. */
import { openInProcess } from './in-process.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(() =>
  openInProcess({
    ecs: {
      describeLagMs: () => 3_000,
      listLagMs: () => 4_000,
      delistLagMs: () => 3_000,
      statusLagMs: () => 2_000,
      bareRunTask: () => true,
      vcpuRefusal: 'exception',
      freeAddressesAt: 'STOPPED',
    },
    elbv2: {
      propagationMs: () => 3_000,
      visibilityMs: () => 3_000,
      releaseMs: () => 3_000,
      switches: { refusesDrainingTargets: true, comparesTags: true },
    },
  }),
);
