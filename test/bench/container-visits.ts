/** Looks at an environment until it is as wanted, without a pause long enough to matter. */
import { setTimeout as delay } from 'node:timers/promises';
import { visit } from '../../src/local/demo/visit.ts';

export const HOST = 'bench-main.preview.test';
export const PORT = 3_001;
const EVERY_MS = 10;

/** A look at one path; undefined while nobody answers. */
export async function look(address: string, path: string): Promise<{ status: number; body: string } | undefined> {
  return await visit({ address, port: PORT, host: HOST, path }).catch(() => undefined);
}

export async function answersOk(address: string, path: string): Promise<boolean> {
  return (await look(address, path))?.status === 200;
}

/** Whether the page that visitors get now is made with `text`: in one of its scripts, since a bundler put it there. */
export function pageShows(address: string, text: string): () => Promise<boolean> {
  const without = new Set<string>();
  return async () => {
    const page = await look(address, '/');
    const scripts = [...(page?.body.matchAll(/<script[^>]* src="([^"]+)"/g) ?? [])].map(([, path]) => path ?? '');
    for (const path of scripts.filter((each) => !without.has(each))) {
      const script = await look(address, path);
      if (script?.status === 200 && script.body.includes(text)) return true;
      if (script?.status === 200) without.add(path);
    }
    return false;
  };
}

export interface Patience {
  readonly signal: AbortSignal;
  readonly limitMs: number;
  /** Says why it can never come true, e.g. that a process ended. */
  readonly hopeless?: () => string | undefined;
}

/** Resolves as soon as `seen` is true. Throws when that takes too long or cannot happen any more. */
export async function become(what: string, seen: () => Promise<boolean>, patience: Patience): Promise<void> {
  const deadline = performance.now() + patience.limitMs;
  while (!(await seen())) {
    patience.signal.throwIfAborted();
    const why = patience.hopeless?.();
    if (why !== undefined) throw new Error(`${what}: ${why}`);
    if (performance.now() > deadline) throw new Error(`${what}: not seen within ${patience.limitMs / 1_000} s`);
    await delay(EVERY_MS);
  }
}
