/** Archives made by hand to do harm. None may write outside of the directory, nor be restored. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { constants, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Unpacked, unpack } from '../../../container/src/cache/archive.ts';
import type { Identity } from '../../../container/src/processes/process-group.ts';
import { type Entry, seal, tar } from './by-hand.ts';
import { APP, checkout, IS_ROOT, keyOf, LIMITS, listing, NEVER, own, temporary } from './ground.ts';

const KEY = keyOf('hostile');
const GOOD: readonly Entry[] = [
  { name: 'dist/', type: '5' },
  { name: 'dist/x', content: 'x' },
];

interface Told {
  readonly outcome: Unpacked['outcome'];
  readonly message: string;
  /** Below the directory that was to be filled. */
  readonly inside: readonly string[];
  /** Of a file beside it that should stay as it is: `untouched`. */
  readonly victim: string;
  /** Below the directory beside it, which should hold the victim only. */
  readonly outside: readonly string[];
}

/** Both for an app with a user of its own and, worse, for one that has the supervisor's. */
const USERS: readonly (readonly [string, Identity | undefined])[] = [
  ['as the user of the app', APP],
  ...(IS_ROOT ? [['as root', undefined] as const] : []),
];

async function unpackBytes(bytes: Buffer, runAs: Identity | undefined, near = temporary()): Promise<Told> {
  const outside = checkout({ victim: 'untouched' }, join(near, 'outside'));
  const into = checkout({}, join(near, 'app'));
  own(into);
  const options = { runAs, limits: { ...LIMITS, maxUnpackedBytes: 8 * 1_024 ** 2 }, signal: NEVER };
  const told = await unpack(
    KEY,
    Readable.from([bytes], { objectMode: false }),
    { dir: into, paths: ['dist'] },
    options,
  );
  return {
    message: '',
    ...told,
    inside: listing(into),
    outside: listing(outside),
    victim: readFileSync(join(outside, 'victim'), 'utf8'),
  };
}

const REFUSED = { outcome: 'corrupt', inside: [], outside: ['victim'], victim: 'untouched' };

function archive(...entries: readonly Entry[]): Buffer {
  return seal(KEY, zstdCompressSync(tar(...entries)));
}

describe.each(USERS)('unpacking %s', (_name, runAs) => {
  it('takes an archive by hand that is good', async () => {
    const told = await unpackBytes(archive(...GOOD), runAs);
    expect(told).toMatchObject({ outcome: 'done', inside: ['dist/', 'dist/x'] });
  });

  it.each<readonly [string, readonly Entry[]]>([
    ['a name with ..', [{ name: '../../outside/evil', content: 'x' }]],
    ['a name with .. further in', [{ name: 'dist/../../../outside/evil', content: 'x' }]],
    [
      'a link that leads out, and a file through it',
      [
        { name: 'dist/way', type: '2', target: '../../../outside' },
        { name: 'dist/way/evil', content: 'x' },
      ],
    ],
    [
      'a link in the place of a directory that was there',
      [
        { name: 'dist/way/', type: '5' },
        { name: 'dist/way', type: '2', target: '../../../outside' },
        { name: 'dist/way/evil', content: 'x' },
      ],
    ],
    [
      'links that lead out together',
      [
        { name: 'dist/up', type: '2', target: '..' },
        { name: 'dist/way', type: '2', target: 'up/../../outside' },
        { name: 'dist/way/evil', content: 'x' },
      ],
    ],
    ['a hard link that leads out', [{ name: 'dist/h', type: '1', target: '../../outside/victim' }]],
    ['the path asked for as a link', [{ name: 'elsewhere/', type: '5' }]],
  ])('refuses %s', async (name, entries) => {
    const own = name.startsWith('the path') ? [{ name: 'dist', type: '2' as const, target: 'elsewhere' }] : GOOD;
    expect(await unpackBytes(archive(...own, ...entries), runAs)).toMatchObject(REFUSED);
  });

  it.each(['0', '1'] as const)('refuses an absolute name, or a hard link to one (type %s)', async (type) => {
    const near = temporary();
    const evil = type === '0' ? { name: join(near, 'outside/evil') } : { name: 'dist/h' };
    const told = await unpackBytes(
      archive(...GOOD, { ...evil, type, target: join(near, 'outside/victim') }),
      runAs,
      near,
    );
    expect(told).toMatchObject(REFUSED);
  });

  it('writes not to where a link leads, but in its place', async () => {
    const entries: Entry[] = [
      { name: 'dist/way', type: '2', target: '../../../outside/victim' },
      { name: 'dist/way', content: 'evil' },
    ];
    const told = await unpackBytes(archive(...GOOD, ...entries), runAs);
    expect(told).toMatchObject({ victim: 'untouched', outside: ['victim'] });
  });

  it('keeps a link that leads out as a link', async () => {
    const told = await unpackBytes(
      archive(...GOOD, { name: 'dist/way', type: '2', target: '../../outside/victim' }),
      runAs,
    );
    expect(told).toMatchObject({ ...REFUSED, outcome: 'done', inside: ['dist/', 'dist/way', 'dist/x'] });
  });

  it('leaves nothing of directories that are closed to their owner', async () => {
    const told = await unpackBytes(
      archive({ name: 'shut/', type: '5', mode: 0o755 }, { name: 'shut/x' }, { name: 'shut/', type: '5', mode: 0 }),
      runAs,
    );
    expect(told).toMatchObject({ outcome: 'corrupt', message: 'dist is not in it', inside: [] });
  });

  it('leaves nothing of what was not asked for', async () => {
    const told = await unpackBytes(archive(...GOOD, { name: 'package.json', content: '{}' }), runAs);
    expect(told).toMatchObject({ outcome: 'done', inside: ['dist/', 'dist/x'] });
  });
});

describe('an object is not restored', () => {
  const payload = zstdCompressSync(tar(...GOOD));
  const bomb = zstdCompressSync(tar(...GOOD, { name: 'dist/zeros', content: '\0'.repeat(16 * 1_024 ** 2) }));
  /** Magic; neither size nor checksum; a window of 2^27; one empty block, the last. */
  const greedy = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (27 - 10) << 3, 0x01, 0x00, 0x00]);

  it.each<readonly [string, string, Buffer]>([
    ['of another hash', 'its hash is wrong', seal(KEY, payload, { sha256: '0'.repeat(64) })],
    ['of another key', 'it belongs to another key', seal(keyOf('another'), payload)],
    ['that is cut off', 'it is shorter than its header says', seal(KEY, payload).subarray(0, -10)],
    ['that is cut off in its header', 'it ends within its header', seal(KEY, payload).subarray(0, 100)],
    ['that is empty', 'it ends within its header', Buffer.alloc(0)],
    ['that goes on', 'it is longer than its header says', Buffer.concat([seal(KEY, payload), Buffer.from('x')])],
    ['that is too large by its header', 'it is larger than allowed', seal(KEY, payload, { length: 10 ** 12 })],
    ['that is something else', 'it does not begin as an archive', Buffer.from('<html>'.repeat(100))],
    ['that unpacks to too much', 'it unpacks to more than 8388608 bytes', seal(KEY, bomb)],
    ['that is no zstd', 'Unknown frame descriptor', seal(KEY, Buffer.from('no zstd at all'))],
    ['that is no tar', 'tar: This does not look like a tar archive', seal(KEY, zstdCompressSync('x'.repeat(5_000)))],
    ['whose window is too large', 'Frame requires too much memory for decoding', seal(KEY, greedy)],
  ])('%s', async (_name, message, bytes) => {
    expect(await unpackBytes(bytes, APP)).toMatchObject({ ...REFUSED, message });
  });

  it('of which one bit is wrong', async () => {
    const whole = seal(KEY, zstdCompressSync(tar(...GOOD), { params: { [constants.ZSTD_c_compressionLevel]: -7 } }));
    for (let at = 256; at < whole.length; at += 37) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect((await unpackBytes(bytes, APP)).inside).toEqual([]);
    }
  });
});
