/** HTTP messages as the protocols see them: no sockets. */
export interface WireRequest {
  /** Names in any case, as from Node's HTTP server or an SDK request. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array | string;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers a request; never throws. */
export type Dispatch = (request: WireRequest) => Promise<WireResponse>;

/** The header's value whatever the case of its name, or an empty string. */
export function header(request: WireRequest, name: string): string {
  for (const [key, value] of Object.entries(request.headers)) {
    if (key.toLowerCase() === name) {
      return typeof value === 'string' ? value : (value?.[0] ?? '');
    }
  }
  return '';
}

export function bodyText(request: WireRequest): string {
  return typeof request.body === 'string' ? request.body : Buffer.from(request.body).toString('utf8');
}
