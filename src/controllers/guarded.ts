/**
 * What only the leader changes outside of AWS and the table: each such call is refused unless the lease holds for longer
 * than the call may take (DESIGN §6), so that a former leader does not speak over its successor.
 */
import type { ControlPort } from '../control/port.ts';
import type { GitHubPort } from '../github/port.ts';
import type { Leadership } from '../runtime/lease.ts';

type Lease = Pick<Leadership, 'require'>;

export function guardedControl(control: ControlPort, lease: Lease): ControlPort {
  return {
    report: control.report,
    async sync(ip, session, request) {
      lease.require();
      await control.sync(ip, session, request);
    },
  };
}

export function guardedGitHub(github: GitHubPort, lease: Lease): GitHubPort {
  return {
    ...github,
    async createComment(repo, number, body) {
      lease.require();
      return await github.createComment(repo, number, body);
    },
    async updateComment(repo, id, body) {
      lease.require();
      await github.updateComment(repo, id, body);
    },
  };
}
