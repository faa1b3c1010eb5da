/** The supervisor's control port inside a task, as the operator uses it. Signed requests over private addresses. */
import type { ControlAnswer } from '../model/observed.ts';

export interface SyncRequest {
  readonly branch: string;
  readonly commit: string;
  /** Short-lived, for cloning this one repository; 1 to 1024 printable characters of ASCII. Never stored by either side. */
  readonly credential?: string;
  readonly cache?: CacheUrls;
}

/** http or https, each with `{key}` in it. */
export interface CacheUrls {
  readonly get: string;
  /** Absent: this environment may only read. */
  readonly put?: string;
}

export interface ControlPort {
  /** Never throws: a port that cannot be reached is an answer. Bounded by a timeout of about 2 s. */
  report(ip: string, session: string): Promise<ControlAnswer>;
  /** Asks for an in-place update; returns once the supervisor has accepted the job. Throws when it did not. */
  sync(ip: string, session: string, request: SyncRequest): Promise<void>;
}
