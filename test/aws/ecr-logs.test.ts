import { describe, expect, it } from 'vitest';
import { cannedAws, json, jsonError } from './canned.ts';
import { thrownBy } from './thrown.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const IMAGE = { registryId: '123456789012', region: 'eu-west-1', repository: 'web', tag: 'v1' };

describe('imageDigest', () => {
  it('asks the registry for the tag, or for the digest', async () => {
    const { aws, calls } = cannedAws(() => json({ imageDetails: [{ imageDigest: DIGEST }] }));
    expect(await aws.ecr.imageDigest(IMAGE)).toBe(DIGEST);
    expect(await aws.ecr.imageDigest({ ...IMAGE, tag: DIGEST })).toBe(DIGEST);
    expect(calls.map(({ input }) => input)).toEqual([
      { registryId: '123456789012', repositoryName: 'web', imageIds: [{ imageTag: 'v1' }] },
      { registryId: '123456789012', repositoryName: 'web', imageIds: [{ imageDigest: DIGEST }] },
    ]);
  });

  it.each(['ImageNotFoundException', 'RepositoryNotFoundException'])('%s is no image', async (code) => {
    const { aws } = cannedAws(() => jsonError(code, 'no'));
    expect(await aws.ecr.imageDigest(IMAGE)).toBeUndefined();
  });

  it('an answer without a digest is malformed, and a refusal is no absence', async () => {
    const malformed = cannedAws(() => json({ imageDetails: [] }));
    expect(await thrownBy(malformed.aws.ecr.imageDigest(IMAGE))).toMatchObject({ code: 'MalformedAnswer' });
    const denied = cannedAws(() => jsonError('AccessDeniedException', 'no'));
    expect(await thrownBy(denied.aws.ecr.imageDigest(IMAGE))).toMatchObject({ kind: 'denied' });
  });
});

describe('tail', () => {
  it('asks for the end of the stream and gives it oldest first', async () => {
    const { aws, calls } = cannedAws(() => json({ events: [{ message: 'one' }, { message: 'two' }] }));
    expect(await aws.logs.tail('/web', 'web/web/1', 20)).toEqual(['one', 'two']);
    expect(calls[0]?.input).toEqual({
      logGroupName: '/web',
      logStreamName: 'web/web/1',
      limit: 20,
      startFromHead: false,
    });
  });

  it('is empty for a stream that does not exist yet', async () => {
    const { aws } = cannedAws(() => jsonError('ResourceNotFoundException', 'The specified log stream does not exist.'));
    expect(await aws.logs.tail('/web', 'web/web/1', 20)).toEqual([]);
  });
});
