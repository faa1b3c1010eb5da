/** Controllers under a fake clock, and what they log and count. */
import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { expect } from 'vitest';
import {
  type Controller,
  type ControllerOptions,
  type Reconcile,
  startController,
} from '../../src/runtime/controller.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { makeFakeClock } from './fake-clock.ts';

export type ControllerWorld = ReturnType<typeof makeControllerWorld>;

export function makeControllerWorld() {
  const clock = makeFakeClock();
  const metrics = makeMetrics();
  const lines: Record<string, unknown>[] = [];
  const started: Controller[] = [];
  return {
    clock,
    metrics,
    /** What was logged. */
    lines,

    start(reconcile: Reconcile, options: Partial<ControllerOptions> = {}): Controller {
      const sink = new PassThrough();
      sink.on('data', (line: Buffer) => lines.push(JSON.parse(line.toString()) as Record<string, unknown>));
      const controller = startController({
        name: 'environment',
        workers: 2,
        reconcile,
        clock,
        random: () => 0.5,
        logger: pino({ level: 'trace' }, sink),
        metrics,
        backoff: { baseMs: 1_000, maxMs: 8_000 },
        ...options,
      });
      started.push(controller);
      return controller;
    },

    /** A reconcile that plays one turn after the other and notes when each key came; the last turn repeats. */
    script(...turns: Reconcile[]): Reconcile & { readonly times: number[]; readonly keys: string[] } {
      const times: number[] = [];
      const keys: string[] = [];
      const play: Reconcile = (key, context) => {
        times.push(clock.monotonic());
        keys.push(key);
        const turn = turns[Math.min(times.length, turns.length) - 1];
        return turn ? turn(key, context) : Promise.resolve({});
      };
      return Object.assign(play, { times, keys });
    },

    /** How many reconciles ended in each way. */
    async results(): Promise<Record<string, number>> {
      const { values } = await metrics.reconciles.get();
      return Object.fromEntries(values.map(({ labels, value }) => [String(labels.result), value]));
    },

    /** Stops every controller; nothing may be left that waits. */
    async close(): Promise<void> {
      const stopped = Promise.all(started.map((controller) => controller.stop({ graceMs: 0 })));
      await clock.advance(3_000);
      await stopped;
      await clock.advance(3_600_000);
      expect(clock.pending()).toBe(0);
    },
  };
}

export const succeed: Reconcile = () => Promise.resolve({});
export const fail: Reconcile = () => Promise.reject(new Error('AWS is down'));
