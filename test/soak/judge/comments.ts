/** Comments of Mayfly's on each pull request: one. More can only come from a replica that was cut off while it wrote. */
import type { World } from '../world/world.ts';

const MARKER = /<!-- mayfly[^>]*-->/;

export interface Comments {
  readonly total: number;
  /** Beyond the first of each pull request. */
  readonly doubled: readonly string[];
}

export async function commentsOf(world: World, branches: readonly string[]): Promise<Comments> {
  const doubled: string[] = [];
  let total = 0;
  for (const branch of branches) {
    const { number } = await world.github.pull(branch);
    const own = (await world.github.comments(number)).filter(({ body }) => MARKER.test(body));
    total += own.length;
    if (own.length > 1) doubled.push(`${branch}: ${own.length} comments on #${number}`);
  }
  return { total, doubled };
}
