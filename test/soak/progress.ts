/** A line every few seconds: where the soak is, who leads, what runs, what was done to it. */
import { leadersOf } from './judge/leaders.ts';
import type { World } from './world/world.ts';

export interface Progress {
  /** What goes on now. */
  phase(text: string): void;
  /** At once, with the time. */
  say(line: string): void;
  /** From now on its state is told as well. */
  follow(world: World): void;
  stop(): void;
}

const EVERY_MS = 5_000;

export function startProgress(out: (line: string) => void): Progress {
  const begun = performance.now();
  let doing = 'starting';
  let world: World | undefined;
  const at = (): string => `${((performance.now() - begun) / 1_000).toFixed(0).padStart(5)} s`;
  const say = (line: string): void => out(`${at()}  ${line}`);
  const timer = setInterval(() => {
    if (!world) return;
    void describe(world).then(
      (text) => say(`${doing} · ${text}`),
      () => undefined,
    );
  }, EVERY_MS);
  return {
    phase(text) {
      doing = text;
      say(text);
    },
    say,
    follow: (next) => (world = next),
    stop: () => clearInterval(timer),
  };
}

async function describe({ operators, proxy, hooks }: World): Promise<string> {
  const states = operators.map((one) => `${one.name} ${one.isPaused() ? 'held' : one.isUp() ? 'up' : 'down'}`);
  const leaders = (await leadersOf(operators)).map(({ name }) => name).join(' and ') || 'nobody';
  const { calls, lost, throttled, delayed, late } = proxy.counts;
  return [
    `${states.join(', ')}, ${leaders} leads`,
    `AWS calls ${calls}: lost ${lost}, throttled ${throttled}, delayed ${delayed}, late ${late}`,
    `webhooks ${hooks.counts.passed}, lost ${hooks.counts.lost}`,
  ].join(' · ');
}
