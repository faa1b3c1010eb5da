/** What befalls processes: replicas are killed, held, ended and started again, and the local AWS is restarted, one at a time. */
import type { Random } from '../../sim/kernel/random.ts';
import { leadersOf } from '../judge/leaders.ts';
import type { Operator } from '../world/operator.ts';
import type { World } from '../world/world.ts';

export const TROUBLES = [
  'kill the leader',
  'hold the leader',
  'end the leader',
  'restart AWS',
  'kill the standby',
  'kill both',
] as const;
export type Trouble = (typeof TROUBLES)[number];

/** Longer than the lease holds (20 s). */
const HOLD_MS = 24_000;

export interface TroubleContext {
  readonly world: World;
  readonly random: Random;
  readonly pause: (ms: number) => Promise<void>;
  readonly say: (line: string) => void;
}

/** Resolves when everything runs again. */
export async function befall(trouble: Trouble, { world, random, pause, say }: TroubleContext): Promise<void> {
  if (trouble === 'restart AWS') {
    say('the local AWS is restarted');
    await world.restartAws();
    return;
  }
  const victims = await victimsOf(trouble, world, random);
  say(`${trouble}: ${victims.map(({ name }) => name).join(' and ')}`);
  if (trouble === 'hold the leader') {
    for (const victim of victims) victim.pause();
    await pause(HOLD_MS).finally(() => victims.forEach((victim) => victim.resume()));
    return;
  }
  const code = await Promise.all(
    victims.map((victim) => victim.kill(trouble === 'end the leader' ? 'SIGTERM' : 'SIGKILL')),
  );
  if (trouble === 'end the leader' && code[0] !== 0)
    throw new Error(`operator ${victims[0]?.name} ended with code ${code[0]}`);
  await pause(random.int(500, 4_000));
  for (const victim of victims) await victim.start();
}

async function victimsOf(trouble: Trouble, { operators }: World, random: Random): Promise<readonly Operator[]> {
  if (trouble === 'kill both') return operators;
  const draw = random.pick(operators);
  const [leader = draw] = await leadersOf(operators);
  return trouble === 'kill the standby' ? operators.filter((one) => one !== leader) : [leader];
}
