import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../../../src/local/aws/record/recorder.ts';
import { makeCallRecorder } from '../../../../src/local/aws/record/recorder.ts';
import { ApiError } from '../../../../src/local/aws/service.ts';
import { makeThrottle } from '../../../../src/local/aws/throttle/throttle.ts';
import type { Gate } from '../../../../src/local/aws/wire/gate.ts';
import { makeGate } from '../../../../src/local/aws/wire/gate.ts';

const call = { service: 'ecs', operation: 'TagResource', input: { resourceArn: 'a' }, principal: 'AKID' };

function makeWorld(): { gate: Gate; outcomes: () => string[] } {
  const records: CallRecord[] = [];
  const clock = { now: () => 0 };
  const throttle = makeThrottle({ clock, rates: { 'ecs-tag-modify': { burst: 1, perSecond: 1 } } });
  const home = { account: '111122223333', region: 'eu-west-1' };
  const recorder = makeCallRecorder({ ...home, clock, write: (record) => records.push(record) });
  return {
    gate: makeGate({ throttle, recorder, unthrottled: ['SEED'] }),
    outcomes: () => records.map(({ outcome }) => outcome),
  };
}

describe('the gate', () => {
  it('records what was answered, refused by the service, broken, and throttled', async () => {
    const { gate, outcomes } = makeWorld();
    const free = { ...call, principal: 'SEED' };
    await expect(gate(call, () => 'answer')).resolves.toBe('answer');
    await expect(gate(free, () => Promise.reject(new ApiError('NotFound', 'no')))).rejects.toThrow('no');
    await expect(gate(free, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(gate(call, () => 'answer')).rejects.toMatchObject({ code: 'ThrottlingException' });
    expect(outcomes()).toEqual(['ok', 'NotFound', 'InternalFailure', 'ThrottlingException']);
  });

  it('limits no key that is let pass, and no service without known rates', async () => {
    const { gate } = makeWorld();
    for (let count = 0; count < 100; count += 1) {
      await gate({ ...call, principal: 'SEED' }, () => count);
      await gate({ ...call, service: 'other' }, () => count);
    }
    await expect(gate(call, () => 'still full')).resolves.toBe('still full');
  });
});
