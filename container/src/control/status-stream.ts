/** `GET /status` as server-sent events: the whole report at once and after every change. */
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { HttpError } from './answers.ts';

export interface StatusStreams {
  /** Answers with events until the client leaves. Rejects with an HttpError when there are too many already. */
  join(response: ServerResponse): Promise<void>;
  close(): void;
}

export interface StatusStreamsOptions {
  readonly status: () => Promise<object>;
  /** Calls the listener after every change; the result ends it. */
  readonly onChange: (listener: () => void) => () => void;
  readonly limits: StreamLimits;
}

export interface StreamLimits {
  /** At the same time. */
  readonly streams: number;
  /** Whoever wants to know more after it asks again. */
  readonly longestMs: number;
  /** Changes within this time are told together. */
  readonly gapMs: number;
  /** Between two signs of life. */
  readonly heartbeatMs: number;
}

const HEADERS = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' };

export function makeStatusStreams(options: StatusStreamsOptions): StatusStreams {
  const { streams: most, longestMs, gapMs, heartbeatMs } = options.limits;
  const streams = new Set<ServerResponse>();
  let joining = 0;
  let changes = 0;
  /** So many of them are in what was told last. */
  let told = 0;
  let telling = false;
  let closed = false;
  const unsubscribe = options.onChange(() => {
    changes += 1;
    void tellChanges();
  });
  const heartbeat = setInterval(() => tell(': still here\n\n'), heartbeatMs).unref();

  function tell(text: string): void {
    for (const stream of streams) {
      if (stream.destroyed || stream.writableEnded) continue;
      // Whoever has not taken the last event gets no second one to keep for him.
      if (stream.writableNeedDrain) stream.destroy();
      else stream.write(text);
    }
  }

  const event = async (): Promise<string> => `event: status\ndata: ${JSON.stringify(await options.status())}\n\n`;

  async function tellChanges(): Promise<void> {
    if (telling) return;
    telling = true;
    while (told !== changes && streams.size > 0 && !closed) {
      told = changes;
      const text = await event().catch(() => '');
      if (text !== '') tell(text);
      await delay(gapMs, undefined, { ref: false });
    }
    telling = false;
  }

  function add(stream: ServerResponse): void {
    const longest = setTimeout(() => stream.end(), longestMs).unref();
    // Its end says enough.
    stream.on('error', () => undefined);
    stream.on('close', () => {
      clearTimeout(longest);
      streams.delete(stream);
    });
    streams.add(stream);
  }

  return {
    async join(response) {
      if (streams.size + joining >= most) throw new HttpError(503, 'too_many_streams', `${most} streams are open`);
      joining += 1;
      const before = changes;
      const text = await event().finally(() => (joining -= 1));
      if (closed || response.destroyed) return;
      response.writeHead(200, HEADERS).write(text);
      add(response);
      if (changes !== before) void tellChanges();
    },
    close() {
      closed = true;
      unsubscribe();
      clearInterval(heartbeat);
      for (const stream of streams) stream.end();
    },
  };
}
