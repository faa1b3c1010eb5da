/** What AWS is like in this run, with what the story turns in it as it goes. */
import type { EcsSettings } from '../../../src/local/aws/ecs/service.ts';
import type { Elbv2Options } from '../../../src/local/aws/elbv2/elbv2.ts';
import { makeRandom } from '../kernel/random.ts';
import type { Story, Switch } from './story.ts';

export interface Dials {
  /** Whether the storm is still on. */
  stormy: boolean;
  vcpuQuota: number;
}

export function makeDials(): Dials {
  return { stormy: true, vcpuQuota: Number.POSITIVE_INFINITY };
}

export function awsOf(story: Story, dials: Dials): { ecs: Partial<EcsSettings>; elbv2: Partial<Elbv2Options> } {
  const random = makeRandom(story.seed).stream('dials');
  const upTo = (name: Switch) => {
    const most = story.world[name] ?? 0;
    return most === 0 ? undefined : (): number => random.int(0, most);
  };
  const sometimes = (name: Switch) => (): boolean => dials.stormy && random.chance(story.world[name] ?? 0);
  const faulty = sometimes('interfaceFault');
  const is = (name: Switch): boolean => story.world[name] === 1;
  const lags = {
    visibilityLagMs: upTo('visibilityLagMs'),
    listLagMs: upTo('listLagMs'),
    delistLagMs: upTo('delistLagMs'),
    statusLagMs: upTo('statusLagMs'),
  };
  const elbLags = {
    propagationMs: upTo('propagationMs'),
    visibilityMs: upTo('elbVisibilityMs'),
    releaseMs: upTo('releaseMs'),
  };
  return {
    ecs: {
      ...defined(lags),
      bareRunTask: () => is('bareRunTask'),
      vcpuQuota: () => dials.vcpuQuota,
      vcpuRefusal: random.chance(0.5) ? 'failure' : 'exception',
      reuseAddresses: is('reuseAddresses') ? 'first' : 'last',
      freeAddressesAt: is('freeEarly') ? 'DEPROVISIONING' : 'STOPPED',
      interfaceFault: () => (faulty() ? (random.chance(0.5) ? 'timeout' : 'late') : undefined),
      neverStops: sometimes('neverStops'),
      registerRaceMs: story.world.registerRaceMs ?? 0,
    },
    elbv2: {
      ...defined(elbLags),
      switches: { comparesTags: is('comparesTags'), refusesDrainingTargets: is('refusesDraining') },
    },
  };
}

function defined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof defined<T>
  >;
}
