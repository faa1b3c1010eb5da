/** Runs the scenario and prints a line with seconds for each step. */
import { SCENARIO, type Scenario } from './scenario.ts';

/** True when every step held. The first that fails ends the run, since later ones build on it. */
export async function runCheck(scenario: Scenario, print: (line: string) => void): Promise<boolean> {
  for (const [index, step] of SCENARIO.entries()) {
    const place = `${String(index + 1).padStart(2)}/${SCENARIO.length}`;
    const begun = performance.now();
    try {
      await step.run(scenario);
      print(`${place}  ok    ${seconds(begun)}  ${step.name}`);
    } catch (error) {
      print(`${place}  FAIL  ${seconds(begun)}  ${step.name}`);
      print(`       ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }
  return true;
}

function seconds(begun: number): string {
  return `${((performance.now() - begun) / 1_000).toFixed(1).padStart(6)} s`;
}
