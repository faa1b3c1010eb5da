/** The data plane, seen from the operations. */

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A listener's port cannot be bound; the message names address and cause. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

export interface Balancer {
  /**
   * Answers for the listener on its port. A listener that is open moves there: the new port answers before the old one
   * closes. Throws ListenError, and then nothing has changed.
   */
  open(listenerArn: string, port: number): Promise<void>;
  /** Frees the port; requests in flight are finished. Closing what is not open does nothing. */
  close(listenerArn: string): Promise<void>;
  /** Where the listener really listens, while it does. */
  addressOf(listenerArn: string): ListenAddress | undefined;
  /** Closes connections to a target that is no longer registered, each as soon as it is idle. */
  forget(target: { readonly ip: string; readonly port: number }): void;
  /** Ends every socket and timer at once. */
  stop(): Promise<void>;
}

/** Opens nothing: for simulations, which ask the router what a request would get. */
export const noBalancer: Balancer = {
  open: async () => {},
  close: async () => {},
  addressOf: () => undefined,
  forget: () => {},
  stop: async () => {},
};
