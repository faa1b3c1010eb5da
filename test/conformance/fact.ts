/** One thing that the operator relies on AWS to do, in our own words. */
export interface Fact {
  /** `{service}.{subject}.{detail}`, e.g. `ecs.client-token.same-params`. */
  readonly id: string;
  /** The row of AWS-FACTS that it is taken from, or a short title. */
  readonly topic: string;
  readonly fact: string;
  /** Where it was read: the keys of AWS-FACTS, or an address. */
  readonly source: string;
  /** Why no case can show it; a fact has this or a case, and never both. */
  readonly without?: string;
}

/** By id: the fact, or the fact and why it has no case. */
type Told = Readonly<Record<string, string | readonly [fact: string, without: string]>>;

/** Facts of one topic and source. */
export function about(topic: string, source: string, told: Told): readonly Fact[] {
  return Object.entries(told).map(([id, one]) => {
    if (typeof one === 'string') return { id, topic, fact: one, source };
    const [fact, without] = one;
    return { id, topic, fact, source, without };
  });
}
