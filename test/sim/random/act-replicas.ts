/** What becomes of replicas (P1, P8, P9). */
import type { World } from '../world/world.ts';
import type { Stage } from './stage.ts';
import type { Doing } from './story.ts';

type ToReplicas = Extract<Doing, { kind: 'kill' | 'stop' | 'freeze' | 'fast-clock' | 'kill-all' }>;

export function doToReplicas({ world, undoAfter }: Stage, doing: ToReplicas): void {
  if (doing.kind === 'kill-all') {
    const names = [...world.replicas.keys()];
    for (const name of names) world.kill(name);
    return undoAfter(doing.forMs, 'they come back', () => {
      for (const name of names) bootUnlessUp(world, name);
    });
  }
  const { kind, replica: name, forMs } = doing;
  const found = world.replicas.get(name);
  if (!found) return;
  switch (kind) {
    case 'freeze':
      found.actor.freeze();
      return undoAfter(forMs, `${name} goes on`, () => found.actor.thaw());
    case 'kill':
      world.kill(name);
      return undoAfter(forMs, `${name} comes back`, () => bootUnlessUp(world, name));
    case 'stop':
      void world.stop(name);
      return undoAfter(forMs, `${name} comes back`, () => {
        // As a container's is, its patience has an end.
        if (world.replicas.get(name) === found) world.kill(name);
        bootUnlessUp(world, name);
      });
    case 'fast-clock':
      world.kill(name);
      world.boot(name, 2);
      undoAfter(forMs, `the clock of ${name} is put right`, () => {
        world.kill(name);
        bootUnlessUp(world, name);
      });
  }
}

export function bootUnlessUp(world: World, name: string): void {
  if (world.replicas.has(name)) return;
  world.boot(name);
}
