import { expect, test } from 'vitest';
import { lockOf, projectWith, REGISTRY } from './project.ts';
import { app, makeRepository, serves, startEnvironment } from './stage.ts';

test('a lock file that does not fit is told in the words of npm, in place as in a fresh task', async () => {
  const repository = makeRepository();
  const first = repository.commit(app('v1'));
  const environment = await startEnvironment({ repository, env: REGISTRY });
  await environment.reported(serves(first));
  const files = projectWith(['ms@2.1.3', 'is-number@7.0.0'], 'v2');
  const misfit = repository.commit({ ...files, 'package-lock.json': lockOf(['ms@2.1.3']) });
  await environment.sync(misfit);
  const report = await environment.reported((each) => each.failure !== undefined || serves(misfit)(each));
  expect(report).toMatchObject({ liveCommit: first, failure: { phase: 'install' } });
  expect(environment.lines.join('\n')).toMatch(/Missing: is-number@7\.0\.0 from lock file/);
}, 60_000);
