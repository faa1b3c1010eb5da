/** Every fact that the operator relies on has a case, or says why it cannot have one. */
import { expect, it } from 'vitest';
import { CASES, FACTS } from './cases.ts';
import { DEVIATIONS } from './deviations.ts';

const ids = FACTS.map(({ id }) => id);
const cited = new Set(CASES.flatMap(({ facts }) => facts));

it('names each fact once, after the service that it is about', () => {
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(ids.filter((id) => !/^(ecs|elbv2|dynamodb|logs|ecr|iam|sts)(\.[a-z0-9-]+){1,3}$/.test(id))).toEqual([]);
});

it('has a case or a reason for each fact', () => {
  const untold = FACTS.filter(({ id, without }) => without === undefined && !cited.has(id));
  expect(untold.map(({ id }) => id)).toEqual([]);
});

it('has no reason where there is a case', () => {
  const both = FACTS.filter(({ id, without }) => without !== undefined && cited.has(id));
  expect(both.map(({ id }) => id)).toEqual([]);
});

it('cites facts that there are', () => {
  expect([...cited].filter((id) => !ids.includes(id))).toEqual([]);
});

it('names each case once', () => {
  const names = CASES.map(({ facts, name }) => `${facts[0]}: ${name}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

it('lists deviations from facts that there are', () => {
  const deviating = Object.values(DEVIATIONS).flatMap((one) => Object.keys(one));
  expect(deviating.filter((id) => !ids.includes(id))).toEqual([]);
});
