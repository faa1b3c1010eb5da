/** One line that says what a command waits for, when it takes longer than a moment and a person is looking. */
import { every, type Timer } from '../runtime/clock.ts';
import type { Terminal } from './terminal.ts';

export interface Progress {
  say(text: string): void;
  /** Takes the line away. */
  end(): void;
}

const QUIET_MS = 1_000;
const AGAIN_MS = 200;
const ERASE = '\r\u001b[2K';

export function startProgress({ stderr, clock }: Pick<Terminal, 'stderr' | 'clock'>): Progress {
  let text = '';
  let shown = '';
  let timer: Timer | undefined;
  const show = (): void => {
    if (text === shown) return;
    stderr.write(`${ERASE}${text}`);
    shown = text;
  };
  if (stderr.isTTY) {
    timer = clock.after(QUIET_MS, () => {
      show();
      timer = every(clock, AGAIN_MS, show);
    });
  }
  return {
    say(next) {
      text = next;
    },
    end() {
      timer?.cancel();
      if (shown !== '') stderr.write(ERASE);
      shown = '';
    },
  };
}
