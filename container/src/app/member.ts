/** One process of an app: started with its port and its siblings' addresses, and what is known of its end. */
import { join } from 'node:path';
import { makeTail } from '../log/log.ts';
import { type Identity, type ProcessGroup, spawnGroup } from '../processes/process-group.ts';
import type { ProcessRecipe } from '../recipe/recipe.ts';
import { siblingAddresses } from './routes.ts';

export interface MemberOptions {
  readonly dir: string;
  env(process: ProcessRecipe): Readonly<Record<string, string>>;
  readonly runAs?: Identity | undefined;
  onLine(process: string, line: string): void;
}

export interface Member {
  readonly recipe: ProcessRecipe;
  readonly port: number;
  readonly group: ProcessGroup;
  /** The newest lines it printed. */
  tail(): string[];
}

/** Lines of a log that a failure carries. */
export const TAIL_LINES = 20;

/** `ports` are those of the processes, in their order. */
export function startMembers(
  processes: readonly ProcessRecipe[],
  ports: readonly number[],
  options: MemberOptions,
): Member[] {
  const places = processes.map(({ name }, index) => ({ name, port: ports[index] ?? 0 }));
  return processes.map((recipe, index) => {
    const port = ports[index] ?? 0;
    const tail = makeTail();
    const group = spawnGroup(recipe.command, {
      cwd: join(options.dir, recipe.directory),
      // What the recipe says of this very process stands over an address, but never over the port.
      env: {
        ...options.env(recipe),
        ...siblingAddresses(places, recipe.name),
        ...recipe.env,
        PORT: String(port),
        HOST: '127.0.0.1',
      },
      runAs: options.runAs,
      onLine(line) {
        tail.add(line);
        options.onLine(recipe.name, line);
      },
    });
    return { recipe, port, group, tail: () => tail.last(TAIL_LINES) };
  });
}

export interface End {
  readonly member: Member;
  readonly description: string;
}

/** Of the first one that ends, whoever ended it. */
export async function firstEnd(members: readonly Member[]): Promise<End> {
  return await Promise.race(
    members.map(async (member) => ({ member, description: (await member.group.exited).description })),
  );
}

export async function stopMembers(members: readonly Member[], killAfterMs: number): Promise<void> {
  await Promise.all(members.map((member) => member.group.stop(killAfterMs)));
}
