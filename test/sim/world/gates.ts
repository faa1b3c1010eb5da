/**
 * The operator's ports as one replica reaches them: each method is a call that takes time and may be struck. The faults
 * come out as the adapters would tell them.
 */
import type { ControlPort } from '../../../src/control/port.ts';
import { GitHubError, type GitHubPort } from '../../../src/github/port.ts';
import type { LeasePort } from '../../../src/runtime/lease.ts';
import { type EnvironmentStore, StoreError } from '../../../src/store/port.ts';
import type { Actor } from '../kernel/actor.ts';
import type { ServiceName } from '../kernel/calls.ts';

type Method = (...args: never[]) => Promise<unknown>;

interface Gate<Port> {
  readonly service: ServiceName;
  readonly port: Port;
  /** Methods that change something. */
  readonly mutations: readonly (keyof Port & string)[];
  readonly about: (args: readonly unknown[], method: string) => string;
  readonly timeoutMs: number;
  /** What the adapter makes of a network that fails. */
  readonly failed: (error: Error) => Error;
}

function gated<Port extends object>(actor: Actor, gate: Gate<Port>): Port {
  const { service, port, mutations, about, timeoutMs, failed } = gate;
  const methods = Object.entries(port as Record<string, Method>).map(([name, method]) => {
    const through = async (...args: never[]): Promise<unknown> => {
      const request = {
        service,
        operation: `${service}:${name}`,
        mutates: mutations.includes(name as keyof Port & string),
        about: about(args, name),
        input: args.filter((arg) => typeof arg !== 'function'),
        perform: () => method(...args),
        timeoutMs,
      };
      return await actor.call(request).catch((error: unknown) => {
        throw isNetwork(error) ? failed(error) : error;
      });
    };
    return [name, through];
  });
  return Object.fromEntries(methods) as Port;
}

function isNetwork(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'ETIMEDOUT');
}

const words = (args: readonly unknown[]): string => args.filter((arg) => typeof arg !== 'object').join(' ');

export function gatedStore(actor: Actor, port: EnvironmentStore): EnvironmentStore {
  return gated(actor, {
    service: 'store',
    port,
    mutations: ['create', 'applyIntent', 'putStatus', 'recordVisit'],
    about: ([first]) =>
      typeof first === 'string' ? first : ((first as { readonly sessionId?: string } | undefined)?.sessionId ?? ''),
    timeoutMs: 8_000,
    failed: (cause) => new StoreError('unavailable', `the store did not answer: ${cause.message}`, { cause }),
  });
}

export function gatedLease(actor: Actor, port: LeasePort): LeasePort {
  return gated(actor, {
    service: 'lease',
    port,
    mutations: ['swap'],
    about: (args, method) => (method === 'swap' ? leaseWords(args[1]) : ''),
    timeoutMs: 8_000,
    failed: (cause) => new StoreError('unavailable', `the store did not answer: ${cause.message}`, { cause }),
  });
}

function leaseWords(next: unknown): string {
  const { holder, epoch, beat, durationMs } = next as {
    holder: string;
    epoch: number;
    beat: number;
    durationMs: number;
  };
  return durationMs === 0 ? `${holder} gives back` : `${holder} term ${epoch} beat ${beat}`;
}

export function gatedGitHub(actor: Actor, port: GitHubPort): GitHubPort {
  return gated(actor, {
    service: 'github',
    port,
    mutations: ['createComment', 'updateComment'],
    about: ([repo, what]) => words([repo, what]),
    timeoutMs: 10_000,
    failed: (cause) => new GitHubError('unavailable', cause.message, { cause }),
  });
}

export function gatedControl(actor: Actor, port: ControlPort): ControlPort {
  const { report, sync } = port;
  const gate = gated(actor, {
    service: 'control',
    port: { report, sync },
    mutations: ['sync'],
    about: ([ip, session]) => words([ip, session]),
    timeoutMs: 2_000,
    failed: (cause) => cause,
  });
  return {
    sync: gate.sync,
    // A port that cannot be reached is an answer.
    report: (ip, session) =>
      gate
        .report(ip, session)
        .catch((error: unknown) => ({ ok: false, message: `the control port ${ip}: ${String(error)}` })),
  };
}
