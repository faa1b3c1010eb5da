/** A story in lines for people. */
import { wordsOf } from './act.ts';
import { type Story, SWITCHES, type Switch } from './story.ts';

export function tellStory({ seed, replicas, supervisor, world, storm, acts }: Story): readonly string[] {
  const switches = Object.entries(world).map(([name, value]) => `  ${SWITCHES[name as Switch]}: ${value}`);
  const rates = Object.entries(storm.rates).map(([name, share]) => `${name} ${(share * 100).toFixed(2)} %`);
  const strikes = storm.only
    ? storm.only.map((key) => `  struck: ${key}`)
    : rates.length > 0
      ? [`  weather: ${rates.join(', ')}`]
      : [];
  const astray = Object.entries(storm.deliveries).map(([name, share]) => `${name} ${share * 100} %`);
  return [
    `seed ${seed}: ${replicas} replica${replicas > 1 ? 's' : ''}, images ${supervisor ? 'with' : 'without'} a supervisor`,
    ...switches,
    ...strikes,
    ...(astray.length > 0 ? [`  deliveries: ${astray.join(', ')}`] : []),
    ...acts.map((act) => {
      const { who, text } = wordsOf(act);
      return `  ${clock(act.at)} ${who}: ${text}`;
    }),
    `  ${clock(storm.until)} the storm ends`,
  ];
}

function clock(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
}
