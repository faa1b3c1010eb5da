/** Which replicas say that they lead. */
import type { Operator } from '../world/operator.ts';

export async function leadersOf(operators: readonly Operator[]): Promise<readonly Operator[]> {
  const said = await Promise.all(operators.map((operator) => operator.metric('mayfly_leader')));
  return operators.filter((_operator, index) => said[index] === 1);
}
