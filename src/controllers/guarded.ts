/**
 * What only the leader changes outside of AWS and the table: each such call is refused unless the lease holds for longer
 * than the call may take (DESIGN §6), in the term that decided on it, so that a former leader does not speak over its successor.
 */
import type { ControlPort } from '../control/port.ts';
import type { GitHubPort } from '../github/port.ts';
import type { Term } from '../runtime/lease.ts';

export function guardedControl(control: ControlPort, term: Pick<Term, 'require'>): ControlPort {
  return {
    report: control.report,
    async sync(ip, session, request) {
      term.require();
      await control.sync(ip, session, request);
    },
  };
}

/** A comment may stand in line for long: the lease is looked at when it is told, and again right before it is sent. */
export function guardedGitHub(github: GitHubPort, term: Pick<Term, 'require'>): GitHubPort {
  return {
    ...github,
    async createComment(repo, number, body) {
      term.require();
      return await github.createComment(repo, number, body, () => term.require());
    },
    async updateComment(repo, id, body) {
      term.require();
      await github.updateComment(repo, id, body, () => term.require());
    },
  };
}
