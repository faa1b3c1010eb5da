import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEcrImage, withTag } from '../../src/aws/image.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

describe('withTag', () => {
  it.each([
    ['app', 'staging', 'app:staging'],
    ['app:latest', 'staging', 'app:staging'],
    ['registry.test:5000/team/app', 'v1', 'registry.test:5000/team/app:v1'],
    ['registry.test:5000/team/app:v0', 'v1', 'registry.test:5000/team/app:v1'],
    [`app@${DIGEST}`, 'v1', 'app:v1'],
    [`app:v0@${DIGEST}`, 'v1', 'app:v1'],
    ['app:v0', DIGEST, `app@${DIGEST}`],
    [`${ECR}/web:latest`, DIGEST, `${ECR}/web@${DIGEST}`],
  ])('%s at %s is %s', (image, tag, expected) => {
    expect(withTag(image, tag)).toBe(expected);
  });

  it('forgets the tag before: the last one wins, and twice is once', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9._-]{0,10}$/);
    const host = fc.constantFrom('', 'registry.test:5000/', `${ECR}/`);
    fc.assert(
      fc.property(host, name, name, name, (registry, repository, first, second) => {
        const image = `${registry}${repository}`;
        expect(withTag(withTag(image, first), second)).toBe(withTag(image, second));
        expect(withTag(withTag(image, DIGEST), second)).toBe(`${image}:${second}`);
      }),
    );
  });
});

describe('parseEcrImage', () => {
  const web = { registryId: '123456789012', region: 'eu-west-1', repository: 'team/web' };
  it.each([
    [`${ECR}/team/web:v1`, { ...web, tag: 'v1' }],
    [`${ECR}/team/web`, { ...web, tag: 'latest' }],
    [`${ECR}/team/web@${DIGEST}`, { ...web, tag: DIGEST }],
    ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/web:v1', { ...web, region: 'cn-north-1', tag: 'v1' }],
    [
      '123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/team/web:v1',
      { ...web, region: 'us-gov-west-1', tag: 'v1' },
    ],
    ['123456789012.dkr-ecr.eu-west-1.on.aws/team/web:v1', { ...web, tag: 'v1' }],
  ])('%s', (image, expected) => {
    expect(parseEcrImage(image)).toEqual(expected);
  });

  it.each(['nginx:latest', 'ghcr.io/team/web:v1', 'public.ecr.aws/team/web:v1', `${ECR}.evil.test/web:v1`, `${ECR}/`])(
    '%s is not in ECR',
    (image) => {
      expect(parseEcrImage(image)).toBeUndefined();
    },
  );
});
