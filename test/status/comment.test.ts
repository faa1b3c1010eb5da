import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import type { Desired, Status } from '../../src/model/environment.ts';
import { REASONS } from '../../src/model/reasons.ts';
import { commentMarker } from '../../src/model/names.ts';
import { COMMENT_MAX, renderComment } from '../../src/status/comment.ts';
import { viewOf } from '../../src/status/view.ts';
import { hostile, shapeOfFragment, type Shape } from './hostile.ts';
import {
  ago,
  BUILDING,
  BUILDING_JOB,
  COMMIT,
  conditions,
  DONE_JOB,
  GONE,
  NOW,
  OLDER,
  PROJECT,
  type Sample,
  SERVING,
  SOURCE,
  stored,
} from './samples.ts';

const OPTIONS = {
  marker: commentMarker('main', 'tt-fix-cart'),
  webUrl: 'https://github.com',
  source: 'pull/12',
} as const;

function comment(sample: Sample = {}, options: Partial<typeof OPTIONS> = {}): string {
  return renderComment(viewOf(stored(sample), PROJECT, NOW), { ...OPTIONS, ...options });
}

function rendered(markdown: string): Shape {
  return shapeOfFragment(marked.parse(markdown, { async: false, gfm: true }));
}

describe('the comment', () => {
  it('shows state, address, commit, branch, session, image and since when', () => {
    const text = comment({ status: { conditions: SERVING, liveCommit: COMMIT } });
    expect(text.startsWith('<!-- mayfly:main:tt-fix-cart -->\n')).toBe(true);
    expect(text).toContain('🟢 Running · <a href="https://tt-fix-cart.preview.example.com">');
    expect(text).toContain(`<a href="https://github.com/acme/shop/commit/${COMMIT}"><code>a1b2c3d</code></a>`);
    for (const part of [
      '<code>fix-cart</code>',
      '<code>tt-fix-cart</code>',
      '<code>latest</code>',
      '2026-01-31 09:03 UTC',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('is the same text as long as only time passes', () => {
    const status = { conditions: BUILDING, job: BUILDING_JOB };
    const view = (now: number) => viewOf(stored({ state: 'STARTING', status }), PROJECT, now);
    expect(renderComment(view(NOW), OPTIONS)).toBe(renderComment(view(NOW + 3_600_000), OPTIONS));
  });

  it('tells how far the container is, and how long it took once it is live', () => {
    const starting = comment({ state: 'STARTING', status: { conditions: BUILDING, job: BUILDING_JOB } });
    expect(starting).toMatch(/Progress<\/th><td>fetch 0\.3 s · install .* · build …<\/td>/);
    expect(comment({ status: { job: DONE_JOB } })).toMatch(/Took<\/th><td>19 s: fetch/);
    const updating = { ...SERVING, ...conditions({ UpToDate: ['False', 'Updating'] }) };
    expect(comment({ status: { conditions: updating, job: BUILDING_JOB } })).toContain('build …');
  });

  it('names every fault of a recipe on a line of its own, for a start and for an update', () => {
    const message = '.mayfly.yml is not valid:\nbuild: found 5\nstart: missing';
    const failure = { reason: 'RecipeInvalid', message, at: ago(3), final: true, count: 1 } as const;
    const block = `\`\`\`text\n${message}\n\`\`\``;
    expect(comment({ state: 'FAILED', status: { conditions: BUILDING, failure } })).toContain(block);
    const updating = { ...SERVING, ...conditions({ UpToDate: ['False', 'UpdateFailed'] }) };
    const text = comment({ status: { conditions: updating, updateFailure: failure } });
    expect(text).toContain(block);
    expect(text).toContain('<b>The update failed</b>: <code>RecipeInvalid</code>');
  });

  it('tells apart the commit that is live and the one that is wanted', () => {
    const text = comment({ status: { conditions: SERVING, liveCommit: OLDER } });
    expect(text).toMatch(/0f1e2d3.* is live, .*a1b2c3d.* is wanted/);
  });

  it('on failure shows reason, meaning, message, exit code and the end of the log', () => {
    const failure = {
      reason: 'BuildFailed',
      message: 'npm run build failed.',
      at: ago(3),
      final: true,
      count: 1,
      exitCode: 22,
      stopCode: 'EssentialContainerExited',
      logTail: ['line one', 'error TS2339'],
    } as const;
    const text = comment({ state: 'FAILED', status: { conditions: BUILDING, failure } });
    expect(text).toContain('🔴 Failed');
    expect(text).toContain(`<code>BuildFailed</code> ${REASONS.BuildFailed}`);
    expect(text).toContain('```text\nnpm run build failed.\n```');
    expect(text).toContain('```text\nline one\nerror TS2339\n```');
    expect(text).toContain('<code>22</code>');
    expect(text).toContain('<code>EssentialContainerExited</code>');
    expect(text).toContain('Push a new commit');
  });

  it('takes secrets out of the log', () => {
    const logTail = ['token ghp_abcdefghijklmnopqrstuvwxyz0123456789'];
    const failure = { reason: 'BuildFailed', message: 'no', at: ago(3), final: true, count: 1, logTail } as const;
    expect(comment({ state: 'FAILED', status: { failure } })).not.toContain('ghp_abc');
  });

  it('says stopped only when a fresh listing found nothing, and then links to nothing', () => {
    const removing = conditions({ Removed: ['False', 'Removing'] });
    expect(comment({ state: 'STOPPED', status: { conditions: removing } })).not.toContain('Stopped');
    const stopped = comment({ state: 'STOPPED', status: { conditions: GONE } });
    expect(stopped).toContain('⚪ Stopped');
    expect(stopped).not.toContain('preview.example.com');
  });

  it('names fields held by hand, who holds them and until when', () => {
    const until = new Date(NOW + 60_000).toISOString();
    const text = comment({ desired: { branch: 'other', override: { imageTag: 'staging', by: 'ada', until } } });
    expect(text).toContain('<code>branch</code> = <code>other</code>');
    expect(text).toContain('<code>override.image_tag</code> = <code>staging</code> (by <code>ada</code>');
  });

  it("shows the project's note, the notices and five deployments", () => {
    const view = viewOf(
      stored({
        desired: { sources: { 'pull/12': { ...SOURCE, agent: true } } },
        status: {
          conditions: SERVING,
          deployments: Array.from({ length: 7 }, () => ({ commit: OLDER, imageTag: 'latest', at: ago(9) })),
        },
      }),
      { ...PROJECT, note: 'Log in as **demo**.' },
      NOW,
    );
    const text = renderComment(view, OPTIONS);
    expect(text).toContain('Log in as **demo**.');
    expect(text).toContain('none is configured');
    expect(text.match(/<tr><td>/g)).toHaveLength(5);
    expect(text).toContain('<details>');
  });

  it('of a pull request whose name is taken says who has it, and nothing else of the environment', () => {
    const clashes = { 'pull/13': { branch: 'Fix-Cart', open: true } };
    const view = viewOf(stored({ desired: { clashes } }), PROJECT, NOW);
    const text = renderComment(view, { marker: '<!-- m -->', webUrl: 'https://github.com', source: 'pull/13' });
    expect(text).toContain(`<code>NameTaken</code> ${REASONS.NameTaken}`);
    expect(text).toContain('<code>Fix-Cart</code>');
    expect(text).toContain('<code>fix-cart</code> of <code>acme/shop</code>');
    expect(text).not.toContain(COMMIT.slice(0, 7));
    const own = renderComment(view, { marker: '<!-- m -->', webUrl: 'https://github.com', source: 'pull/12' });
    expect(own).not.toContain('NameTaken');
    expect(own).toContain('Running');
  });

  it('of a refused pull request says why, and nothing of the environment', () => {
    const sources = { 'pull/12': { ...SOURCE, wanted: false, refused: 'ForkRefused' } } as const;
    const text = comment({ desired: { sources } });
    expect(text).toContain('Not started');
    expect(text).toContain(REASONS.ForkRefused);
    expect(text).not.toContain('preview.example.com');
  });

  it('of a pull request that asks no longer says who keeps the environment', () => {
    const sources = { 'pull/12': { ...SOURCE, wanted: false, open: false }, 'issues/7': SOURCE } as const;
    expect(comment({ desired: { sources } })).toContain('wanted by <code>issues/7</code>');
    const alone = { 'pull/12': { ...SOURCE, wanted: false } } as const;
    expect(comment({ desired: { sources: alone } })).toContain('a person, by hand');
  });

  it('names the faults of a record that cannot be understood', () => {
    const faults = [{ path: 'wanted', found: '"yes"', allowed: 'true or false' }];
    const record = { ...stored(), ok: false, faults } as const;
    const text = renderComment(viewOf(record, PROJECT, NOW), OPTIONS);
    expect(text).toContain('<code>wanted</code>: found <code>&quot;yes&quot;</code>');
  });

  it('stays within what GitHub takes, with its blocks whole', () => {
    const logTail = Array.from({ length: 200 }, (_, line) => `${line} ${'<&"`'.repeat(2000)}`);
    const failure = {
      reason: 'BuildFailed',
      message: '<'.repeat(90_000),
      at: ago(3),
      final: true,
      count: 1,
      logTail,
    } as const;
    const branch = '&'.repeat(5000);
    const by = '"'.repeat(5000);
    const env = Object.fromEntries(Array.from({ length: 500 }, (_, name) => [`'${name}`, '1']));
    const text = comment({
      state: 'FAILED',
      desired: { branch, override: { env, by, reason: by, keep: true } },
      status: { failure },
    });
    expect(text.length).toBeLessThanOrEqual(COMMENT_MAX);
    expect(text).toContain('199 ');
    expect(rendered(text).elements.filter((name) => name.startsWith('pre'))).toHaveLength(2);
  });
});

describe('text that others wrote', () => {
  const sampleOf = (text: string): Sample => {
    const source = { ...SOURCE, wanted: true, branch: text, author: text };
    const desired: Partial<Desired> = {
      branch: text,
      imageTag: text,
      commit: text,
      repo: text,
      sources: { 'pull/12': source, 'issues/7': SOURCE },
      override: { reason: text, by: text, keep: true },
    };
    const status: Partial<Status> = {
      conditions: BUILDING,
      liveCommit: text,
      job: { ...DONE_JOB, phases: DONE_JOB.phases.map((phase) => ({ ...phase, note: text })) },
      deployments: [{ commit: text, imageTag: text, at: text }],
      failure: {
        reason: 'BuildFailed',
        message: `m${text}`,
        at: text,
        final: true,
        count: 1,
        commit: text,
        retryAt: text,
        stopCode: text,
        logTail: [`first ${text}`, text, 'last'],
      },
    };
    return { state: 'FAILED', desired, status };
  };

  it('adds no element, attribute, mention, reference or link, and breaks no table', () => {
    // Plain text of the same kind; `commit` is no real id either way, so that neither is linked.
    const plain = rendered(comment(sampleOf('plain'))).elements;
    fc.assert(
      fc.property(hostile, (text) => {
        const shape = rendered(comment(sampleOf(`x${text}`)));
        expect(shape.elements).toEqual(plain);
        expect(shape.prose).not.toMatch(/@\w|#\d|evil\.example|octocat/);
      }),
      { numRuns: 300 },
    );
  });

  it('cannot end its fence, and its log is shown whole', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('```', '`````', '````text', '   ```', '~~~', 'x', '')), (logTail) => {
        const failure = { reason: 'BuildFailed', message: 'no', at: ago(1), final: true, count: 1, logTail } as const;
        const { pre } = rendered(comment({ state: 'FAILED', status: { failure } }));
        expect(pre).toContain(logTail.some((line) => line.trim() !== '') ? logTail.join('\n').trim() : 'no');
      }),
    );
  });

  it('carries no control characters, no colours and nothing that turns text around', () => {
    const text = comment(sampleOf('a\u0000b\u001b[31mc\u202ed\u2028e\ud800f'));
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2028\u2029]|\[31m/u);
    expect(text.isWellFormed()).toBe(true);
  });

  it('in a session id cannot end the marker', () => {
    expect(commentMarker('main', 'x --> <b>')).toBe('<!-- mayfly:main:x_--___b_ -->');
  });
});
