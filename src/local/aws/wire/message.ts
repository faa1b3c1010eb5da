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

export function bodyBuffer({ body }: WireRequest): Buffer {
  // Not Buffer.from(bytes): that asks the SDK's byte arrays for their value, which they complain about.
  return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

export function bodyText(request: WireRequest): string {
  return bodyBuffer(request).toString('utf8');
}
