/** Visitors, who ask for one environment after the other all the time: whoever answers must be the one that was asked for. */
import { visit } from '../../../src/local/demo/visit.ts';
import type { Random } from '../../sim/kernel/random.ts';
import { sessionOf } from '../judge/judge.ts';
import type { World } from '../world/world.ts';

export interface Visitors {
  /** By what was answered: `app`, a status of the front door or the load balancer, `nothing`. */
  readonly counts: ReadonlyMap<string, number>;
  /** Answers of one environment to a request for another. */
  readonly strangers: readonly string[];
  stop(): Promise<void>;
}

const EVERY_MS = 100;
/** Under way at once: while nothing answers, no more are sent. */
const MOST = 20;

export function startVisitors(world: World, branches: readonly string[], random: Random): Visitors {
  const counts = new Map<string, number>();
  const strangers: string[] = [];
  const underWay = new Set<Promise<void>>();
  const ask = async (session: string): Promise<void> => {
    const { name, answeredBy } = await answerOf(world, session);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (answeredBy !== undefined && answeredBy !== session) strangers.push(`${answeredBy} answered for ${session}`);
  };
  const timer = setInterval(() => {
    if (underWay.size >= MOST) return;
    const asked: Promise<void> = ask(sessionOf(random.pick(branches))).finally(() => underWay.delete(asked));
    underWay.add(asked);
  }, EVERY_MS);
  return {
    counts,
    strangers,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}

interface Answer {
  readonly name: string;
  /** The session that an app says to be of. */
  readonly answeredBy?: string | undefined;
}

async function answerOf({ ports }: World, session: string): Promise<Answer> {
  try {
    const { status, body } = await visit({ port: ports.balancer, host: `${session}.localhost` });
    if (status !== 200 || !body.startsWith('{"session"')) return { name: String(status) };
    return { name: 'app', answeredBy: (JSON.parse(body) as { session: string }).session };
  } catch {
    return { name: 'nothing' };
  }
}
