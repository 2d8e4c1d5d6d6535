/** Rules for tests: parsed from text, and random ones. */
import fc from 'fast-check';
import { parseRule } from '../../../src/domain/recurrence/parse';
import { FREQUENCIES, type Rule, WEEKDAYS } from '../../../src/domain/recurrence/rule';
import { addDays } from '../../../src/domain/time/calendar';

export function ruleOf(text: string): Rule {
  const rule = parseRule(text);
  if (Array.isArray(rule)) throw new Error(`${text}: ${rule.map(({ detail }) => detail).join(' ')}`);
  return rule;
}

/** Seeded, so that all runs are the same. */
export const runs = (numRuns: number) => ({ seed: 20261121, numRuns });

export const dates = fc.integer({ min: 0, max: 13_000 }).map((days) => addDays('1999-12-01', days));

const position = (max: number) =>
  fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max }) }, fc.integer({ min: -max, max: -1 }));

function listOf<T>(name: string, item: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<string> {
  return fc
    .uniqueArray(item, { minLength: 1, maxLength, selector: String })
    .map((values) => `${name}=${values.join()}`);
}

const dayFrequencies = FREQUENCIES.filter((each) => each !== 'HOURLY');

/** Texts of rules without COUNT and UNTIL that choose days, also of rules that match no day. */
export const ruleTexts = fc
  .record({ frequency: fc.constantFrom(...dayFrequencies), hasMonths: fc.boolean() })
  .chain(({ frequency, hasMonths }) => {
    const hasOrdinals = frequency === 'MONTHLY' || frequency === 'YEARLY';
    const weekday = fc.constantFrom(...WEEKDAYS);
    const ordinal = position(frequency === 'MONTHLY' || hasMonths ? 5 : 53);
    const numbered = fc.tuple(ordinal, weekday).map(([number, name]) => `${number}${name}`);
    const byDay = hasOrdinals ? fc.oneof(weekday, numbered) : weekday;
    const maybe = (part: fc.Arbitrary<string>) => fc.option(part, { nil: '' });
    return fc
      .tuple(
        fc.constant(`FREQ=${frequency}`),
        maybe(fc.integer({ min: 1, max: 13 }).map((interval) => `INTERVAL=${interval}`)),
        hasMonths ? listOf('BYMONTH', fc.integer({ min: 1, max: 12 }), 5) : fc.constant(''),
        frequency === 'WEEKLY' ? fc.constant('') : maybe(listOf('BYMONTHDAY', position(31), 4)),
        maybe(listOf('BYDAY', byDay, 4)),
        maybe(listOf('BYSETPOS', position(5), 3)),
        maybe(weekday.map((name) => `WKST=${name}`)),
      )
      .map((parts) => parts.filter(Boolean).join(';'));
  });

/** Rules that match some day, without COUNT and UNTIL. */
export const rules = ruleTexts
  .map((text) => parseRule(text))
  .filter((parsed): parsed is Rule => !Array.isArray(parsed));
