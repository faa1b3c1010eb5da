import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeRouter, siblingAddresses } from '../../../container/src/app/routes.ts';

describe('a path', () => {
  const route = makeRouter([
    ['/', 'web'],
    ['/api', 'api'],
    ['/api/files/', 'files'],
  ]);

  test.each([
    ['/', 'web'],
    ['/about', 'web'],
    ['/api', 'api'],
    ['/api/', 'api'],
    ['/api/users', 'api'],
    ['/apis', 'web'],
    ['/API', 'web'],
    ['/api/files', 'files'],
    ['/api/files/7', 'files'],
    ['/api/filesystem', 'api'],
    ['//api', 'web'],
    ['/about/api', 'web'],
  ])('%s belongs to the longest route of whole segments: %s', (path, process) => {
    expect(route(path)).toBe(process);
  });

  test('belongs to nobody where no process has the root', () => {
    const only = makeRouter([['/api', 'api']]);
    expect([only('/api/x'), only('/'), only('/apix')]).toEqual(['api', undefined, undefined]);
  });

  test('belongs to the same process in whatever order the routes are listed', () => {
    const segment = fc.constantFrom('a', 'b', 'ab');
    const path = fc.array(segment, { maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
    fc.assert(
      fc.property(fc.uniqueArray(path, { minLength: 1, maxLength: 6 }), path, (routes, asked) => {
        const pairs = routes.map((each) => [each, each] as const);
        const found = makeRouter(pairs)(asked);
        const fits = routes.filter((each) => each === '/' || asked === each || asked.startsWith(`${each}/`));
        expect(found).toBe(fits.toSorted((a, b) => b.length - a.length)[0]);
        expect(makeRouter(pairs.toReversed())(asked)).toBe(found);
      }),
    );
  });
});

test('a process is told where its siblings are, and not where it is itself', () => {
  const places = [
    { name: 'web', port: 1 },
    { name: 'api', port: 2 },
    { name: 'job-runner', port: 3 },
  ];
  expect(siblingAddresses(places, 'web')).toEqual({
    API_URL: 'http://127.0.0.1:2',
    JOB_RUNNER_URL: 'http://127.0.0.1:3',
  });
});
