/** What to say of a session that has no record: people mistype it, or give the branch. */
import { closest } from '../../config/closest.ts';
import type { StoredEnvironment } from '../../model/environment.ts';
import { plain } from '../terminal.ts';

const MOST = 3;

export function unknownSession(asked: string, table: string, records: readonly StoredEnvironment[]): string {
  const near = nearTo(asked, records);
  const guess = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  const all = 'Without a session, mayfly plan looks at every environment, and for orphans.';
  return `There is no record "${plain(asked)}" in table ${table}.${guess}\n${all}`;
}

/** Sessions of the branch that was given, that contain the word, or are spelt nearly so. */
function nearTo(asked: string, records: readonly StoredEnvironment[]): readonly string[] {
  const sessions = records.map(({ sessionId }) => sessionId);
  const word = asked.toLowerCase();
  const ofBranch = records.flatMap((record) =>
    record.ok && record.desired.branch === asked ? [record.sessionId] : [],
  );
  const containing = word === '' ? [] : sessions.filter((session) => session.includes(word));
  const misspelt = closest(asked, sessions);
  const found = [...ofBranch, ...(misspelt === undefined ? [] : [misspelt]), ...containing];
  return [...new Set(found)].slice(0, MOST);
}
