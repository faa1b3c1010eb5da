/** What acts have in common: the world, what is to be undone, and what people have to put right in the end. */
import { sessionId } from '../../../src/model/names.ts';
import { idOf } from '../../../src/local/github/world.ts';
import { ApiError } from '../../../src/local/aws/service.ts';
import type { SimPull } from '../github/port.ts';
import { PREFIX, REPO } from '../world/config.ts';
import type { World } from '../world/world.ts';
import type { Dials } from './dials.ts';
import type { Ledger } from './ledger.ts';
import type { Story } from './story.ts';

export interface Stage {
  readonly story: Story;
  readonly world: World;
  readonly ledger: Ledger;
  readonly dials: Dials;
  /** Sessions whose item a person deleted, pasted back or broke: what GitHub told meanwhile may be lost. */
  readonly disturbed: Set<string>;
  /** Sessions whose item may stay away when the storm ends. */
  readonly orphans: Set<string>;
  /** Does it after `ms`, or when the storm ends, whichever is first. */
  undoAfter(ms: number, text: string, undo: () => void): void;
  /** Does everything at once that waits for its time. */
  undoAll(): void;
}

export function makeStage(parts: Pick<Stage, 'story' | 'world' | 'ledger' | 'dials'>): Stage {
  const { world } = parts;
  const pending = new Set<() => void>();
  return {
    ...parts,
    disturbed: new Set(),
    orphans: new Set(),
    undoAfter(ms, text, undo) {
      const once = (): void => {
        if (!pending.delete(once)) return;
        world.journal.tell('the story', text);
        undo();
        world.touch();
      };
      pending.add(once);
      world.time.after(ms, once);
    },
    undoAll() {
      for (const undo of pending) undo();
    },
  };
}

export function sessionOf(branch: string): string {
  return sessionId(PREFIX, { repoId: idOf(REPO), branch, fork: false });
}

/** The newest pull request out of the branch itself. */
export function pullOf({ world }: Stage, branch: string): SimPull | undefined {
  return world.github.pulls().findLast((pull) => pull.branch === branch && pull.fork === undefined);
}

/** Hands in AWS get refusals too; they shrug. */
export function shrug(stage: Stage, work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (!(error instanceof ApiError)) throw error;
    stage.world.journal.tell('aws', `no: ${error.code}`);
  });
}
