/** The configuration as the rest of the operator sees it: validated, with every default filled in by `config/`. */
import type { Policy } from './policy.ts';
import type { Listener, Project } from './project.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Config {
  /** Scopes everything this Mayfly owns; see `INSTALLATION_PATTERN`. */
  readonly installation: string;
  readonly region: string;
  /** Set to reach anything that speaks AWS's protocols. */
  readonly awsEndpoint?: string | undefined;
  readonly store: { readonly table: string; readonly leaseTable: string; readonly createTables: boolean };
  readonly listeners: readonly Listener[];
  readonly projects: readonly Project[];
  readonly http: {
    readonly webhooks: Address;
    readonly frontDoor: Address;
    readonly admin: Address;
    /** URL of the admin server for other replicas; worked out from its address when absent. */
    readonly advertise?: string | undefined;
  };
  readonly github: { readonly apiUrl: string; readonly webUrl: string };
  readonly policy: Policy;
  readonly intervals: {
    /** Between reads of the table that look for hand edits. */
    readonly pollMs: number;
    /** Between reconciles of every environment. */
    readonly resyncMs: number;
    /** Between reads of every open pull request that has a record. Absent: events alone cause them. */
    readonly rereadMs?: number | undefined;
  };
  readonly workers: number;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly secrets: Secrets;
}

/** For what only reads: it receives no webhooks, and needs no secret of theirs. */
export type ReaderConfig = Omit<Config, 'secrets'> & { readonly secrets: ReaderSecrets };

/** From the environment only; never logged. */
export interface Secrets extends ReaderSecrets {
  readonly webhookSecret: string;
}

export interface ReaderSecrets {
  readonly githubToken?: string | undefined;
  /** Ed25519 private key, PKCS#8 PEM, that signs requests to control ports. */
  readonly signingKey: string;
}
