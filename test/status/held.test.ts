import { describe, expect, it } from 'vitest';
import { heldFields } from '../../src/status/held.ts';
import { ago, COMMIT, DESIRED, NOW, OLDER, SOURCE } from './samples.ts';

function held(desired: Partial<typeof DESIRED>) {
  return heldFields({ ...DESIRED, ...desired }, NOW).map(({ field, value }) => `${field} = ${value}`);
}

describe('fields held by hand', () => {
  it('are none while the record says what its sources ask', () => {
    expect(held({})).toEqual([]);
  });

  it('are those that differ, each with its value', () => {
    expect(held({ wanted: false, branch: 'other', commit: OLDER, imageTag: 'staging' })).toEqual([
      'wanted = false',
      'branch = other',
      `commit = ${OLDER}`,
      'image_tag = staging',
    ]);
  });

  it('name the default when a person took the image tag away', () => {
    expect(held({ imageTag: undefined })).toEqual(["image_tag = the project's default"]);
  });

  it('do not include a commit that is simply absent', () => {
    expect(held({ commit: undefined })).toEqual([]);
  });

  it('are none in a record that is by hand as a whole', () => {
    expect(held({ sources: {} })).toEqual([]);
  });

  it('include wanted when nobody asks for it any more', () => {
    const sources = { 'pull/12': { ...SOURCE, wanted: false } } as const;
    expect(held({ sources })).toEqual(['wanted = true']);
    expect(held({ sources, wanted: false })).toEqual([]);
  });

  it('include each member of an override, with who, why and until when; of variables only the names', () => {
    const until = new Date(NOW + 1000).toISOString();
    const override = { wanted: true, commit: COMMIT, env: { API_KEY: 'hush', A: 'b' }, keep: false, paused: true };
    const fields = heldFields({ ...DESIRED, override: { ...override, by: 'ada', reason: 'demo', until } }, NOW);
    expect(fields.map(({ field, value }) => `${field} = ${value}`)).toEqual([
      'override.wanted = true',
      `override.commit = ${COMMIT}`,
      'override.env = API_KEY, A',
      'override.keep = false',
      'override.paused = true',
    ]);
    expect(fields[0]).toMatchObject({ by: 'ada', reason: 'demo', until });
    expect(JSON.stringify(fields)).not.toContain('hush');
  });

  it('do not include an override that has expired', () => {
    expect(held({ override: { branch: 'other', until: ago(1) } })).toEqual([]);
  });
});
