import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { SCRIPT } from '../../src/front-door/page-script.ts';

interface Answer {
  readonly status: number;
  readonly ours?: boolean;
  readonly digest?: string;
}

/** Runs the page's script in a browser of a few lines, one look at a time. */
function browser(answers: readonly (Answer | Error)[]) {
  const asked: { accept: string; poll: string }[] = [];
  const pauses: number[] = [];
  const state = { reloads: 0, shown: 0, hidden: false };
  let next: (() => void) | undefined;
  let turn = 0;
  const part = {
    replaceWith: () => undefined,
    replaceChildren: () => (state.shown += 1),
    childNodes: [],
    className: '',
    textContent: '',
  };
  const page = { title: '', querySelector: () => part };
  const document = {
    body: { dataset: { digest: 'd1', refresh: '3', now: '0' } },
    get hidden() {
      return state.hidden;
    },
    querySelector: () => part,
    querySelectorAll: () => [],
  };
  const answerOf = ({ status, ours = true, digest = 'd1' }: Answer) => ({
    status,
    headers: { get: () => (ours ? '1' : null) },
    json: async () => ({ digest, retryAfterSeconds: 7 }),
    text: async () => '<main></main>',
  });
  const context = {
    document,
    DOMParser: class {
      parseFromString = () => page;
    },
    location: { href: 'https://x.example/path', reload: () => (state.reloads += 1) },
    setInterval: () => undefined,
    setTimeout: (fn: () => void, ms: number) => {
      next = fn;
      pauses.push(ms);
    },
    fetch: async (_url: string, { headers }: { headers: Record<string, string> }) => {
      asked.push({ accept: headers['accept'] ?? '', poll: headers['x-mayfly-poll'] ?? '' });
      if (headers['accept'] === 'text/html') return answerOf({ status: 503 });
      const answer = answers[Math.min(turn++, answers.length - 1)];
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no answer');
      return answerOf(answer);
    },
  };
  runInContext(SCRIPT, createContext(context));
  const look = async (): Promise<void> => {
    next?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { state, asked, pauses, look };
}

const OURS: Answer = { status: 503 };

describe('the script of the pages', () => {
  it('asks for JSON as polling, at the pace that the page and then the answers tell', async () => {
    const { asked, pauses, look, state } = browser([OURS]);
    await look();
    await look();
    const polled = { accept: 'application/json', poll: '1' };
    expect(asked).toEqual([polled, polled]);
    expect(pauses).toEqual([3_000, 7_000, 7_000]);
    expect(state).toMatchObject({ reloads: 0, shown: 0 });
  });

  it('shows the new content when the facts changed, once', async () => {
    const { state, look } = browser([{ ...OURS, digest: 'd2' }]);
    await look();
    await look();
    expect(state).toMatchObject({ shown: 1, reloads: 0 });
  });

  it.each([200, 302, 404, 500, 0])('opens the environment when it answers with %i', async (status) => {
    const { state, look } = browser([OURS, { status, ours: false }]);
    await look();
    expect(state.reloads).toBe(0);
    await look();
    expect(state.reloads).toBe(1);
  });

  it.each([502, 503, 504])(
    'does not take a %i of the load balancer for the environment, unless it stays',
    async (status) => {
      const { state, look } = browser([{ status, ours: false }]);
      for (let each = 0; each < 4; each++) await look();
      expect(state.reloads).toBe(0);
      await look();
      expect(state.reloads).toBe(1);
    },
  );

  it('goes on after a broken connection, and rests while nobody looks', async () => {
    const { state, look, asked } = browser([new Error('offline'), { status: 200, ours: false }]);
    await look();
    state.hidden = true;
    await look();
    expect(asked).toHaveLength(1);
    state.hidden = false;
    await look();
    expect(state.reloads).toBe(1);
  });
});
