/** The idle report: who came when, what is in flight, how requests were answered and how long that took. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface TrafficReport {
  /**
   * ISO 8601. When a person or a program last asked the app for something or was answered, or a WebSocket last carried
   * data; absent before the first time. Health checks, bots and Mayfly's own pages do not count.
   */
  readonly lastRequestAt?: string;
  /** Requests that are being answered. */
  readonly inFlight: number;
  /** WebSockets that are open or being opened. */
  readonly webSockets: number;
  /** Answers since the supervisor began, by class of their status. */
  readonly requests: Readonly<Record<StatusClass, number>>;
  /** From the head of a request to the last byte of its answer; WebSockets left out. */
  readonly seconds: Histogram;
}

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
export type StatusClass = (typeof CLASSES)[number];

export interface Histogram {
  readonly count: number;
  readonly sum: number;
  /** How many took at most so many seconds, each bucket with all before it; `count` is the last one, without a bound. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
}

export interface Traffic {
  /** Follows a request for the app to its end, whoever answers it. */
  request(request: IncomingMessage, response: ServerResponse): void;
  webSocket(request: IncomingMessage, socket: Socket): void;
  /** The answer to an upgrade; 101 when it is open. */
  upgradeAnswered(status: number): void;
  readonly inFlight: number;
  readonly webSockets: number;
  report(): TrafficReport;
}

/** Upper bounds in seconds. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const WATCH_MS = 1_000;

/**
 * Who comes by itself: load balancers and orchestrators, uptime monitors, crawlers, and those that fetch a page because
 * somebody wrote its address in a chat. By words of their User-Agent; a browser that a program drives is somebody's.
 */
const AUTOMATIC =
  /elb-healthchecker|kube-probe|googlehc|(?<!cu)bot(?![a-z])|crawl|spider|slurp|facebookexternalhit|whatsapp|linkpreview|bingpreview|uptime|pingdom|statuscake|site24x7|checkly|synthetic|blackbox|monitor/i;

export function isAutomatic(userAgent: string | undefined): boolean {
  return userAgent !== undefined && AUTOMATIC.test(userAgent);
}

/** `now` in milliseconds since the epoch. */
export function makeTraffic(now: () => number = Date.now): Traffic {
  const requests: Record<StatusClass, number> = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 };
  const histogram = makeHistogram();
  const sockets = makeSocketWatch(touch);
  let lastAt: number | undefined;
  let inFlight = 0;

  function touch(): void {
    lastAt = now();
  }

  function count(status: number): void {
    const found = CLASSES[Math.floor(status / 100) - 1];
    if (found !== undefined) requests[found] += 1;
  }

  return {
    request(request, response) {
      const begun = performance.now();
      const visited = !isAutomatic(request.headers['user-agent']);
      inFlight += 1;
      if (visited) touch();
      response.once('close', () => {
        inFlight -= 1;
        if (visited) touch();
        // Whoever left before there was an answer got none.
        if (!response.headersSent) return;
        count(response.statusCode);
        histogram.add((performance.now() - begun) / 1_000);
      });
    },
    webSocket(request, socket) {
      const visited = !isAutomatic(request.headers['user-agent']);
      if (visited) touch();
      sockets.add(socket, visited);
    },
    upgradeAnswered: count,
    get inFlight() {
      return inFlight;
    },
    get webSockets() {
      return sockets.size;
    },
    report() {
      sockets.look();
      return {
        ...(lastAt === undefined ? {} : { lastRequestAt: new Date(lastAt).toISOString() }),
        inFlight,
        webSockets: sockets.size,
        requests: { ...requests },
        seconds: histogram.read(),
      };
    },
  };
}

function makeHistogram(): { add(seconds: number): void; read(): Histogram } {
  const counts = BOUNDS.map(() => 0);
  let count = 0;
  let sum = 0;
  return {
    add(seconds) {
      count += 1;
      sum += seconds;
      const index = BOUNDS.findIndex((bound) => seconds <= bound);
      if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
    },
    read() {
      let total = 0;
      const buckets = BOUNDS.map((le, index) => ({ le, count: (total += counts[index] ?? 0) }));
      return { count, sum, buckets };
    },
  };
}

/** Compares now and then how much each socket has carried: the bytes themselves cost nothing then. */
function makeSocketWatch(onData: () => void) {
  const carried = new Map<Socket, number>();
  const watched = new Set<Socket>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    let moved = false;
    for (const socket of watched) {
      const bytes = socket.bytesRead + socket.bytesWritten;
      moved ||= bytes !== carried.get(socket);
      carried.set(socket, bytes);
    }
    if (moved) onData();
  }

  return {
    look,
    get size() {
      return carried.size;
    },
    add(socket: Socket, visited: boolean): void {
      carried.set(socket, socket.bytesRead + socket.bytesWritten);
      if (visited) watched.add(socket);
      timer ??= setInterval(look, WATCH_MS).unref();
      socket.once('close', () => {
        look();
        carried.delete(socket);
        watched.delete(socket);
        if (carried.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      });
    },
  };
}
