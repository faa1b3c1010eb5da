/** How many tasks an environment has. */
import { actualOf } from '../world/actual.ts';
import { makeLasting, type Oracle } from './oracle.ts';

/** Two run while one replaces the other, which takes as long as a start; three are one too many. */
const REPLACEMENT_MS = 600_000;
const EXTRA_MS = 120_000;

export const tasks: Oracle = (world, report) => {
  // One memory a bound: what one of them is not told of is over for it.
  const second = makeLasting(world, report);
  const third = makeLasting(world, report);
  return {
    moment() {
      if (!world.changed('tasks')) return;
      const bySession = [...Map.groupBy(actualOf(world).tasks, ({ group }) => group)];
      const more = (count: number) =>
        new Map(
          bySession
            .filter(([, all]) => all.length > count)
            .map(([session, all]) => [`${session} ${count}`, `${session} has ${all.length} tasks`]),
        );
      second.now('extra-task', REPLACEMENT_MS, more(1));
      third.now('extra-task', EXTRA_MS, more(2));
    },
  };
};
