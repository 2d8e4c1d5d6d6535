import { types } from 'pg';
import { readInstant } from '../../../src/platform/database/instants';

const parse = types.getTypeParser(types.builtins.TIMESTAMPTZ, 'text') as (text: string) => Date;

test.each([
  ['2027-01-31 12:00:00+00', '2027-01-31T12:00:00.000Z'],
  ['2027-01-31 12:00:00.5+00', '2027-01-31T12:00:00.500Z'],
  ['2027-01-31 12:00:00.05+00', '2027-01-31T12:00:00.050Z'],
  ['2027-01-31 12:00:00.123+00', '2027-01-31T12:00:00.123Z'],
  ['2027-01-31 12:00:00.123999+00', '2027-01-31T12:00:00.123Z'],
  ['1969-12-31 23:59:59.001+00', '1969-12-31T23:59:59.001Z'],
  ['0100-01-01 00:00:00+00', '0100-01-01T00:00:00.000Z'],
  ['0099-12-31 23:59:59.9+00', '0099-12-31T23:59:59.900Z'],
  ['9999-12-31 23:59:59.999+00', '9999-12-31T23:59:59.999Z'],
])('reads %s as an instant, and writes it as RFC 3339', (text, written) => {
  const instant = readInstant(text);
  expect(instant.getTime()).toBe(Date.parse(written));
  expect(instant.toISOString()).toBe(written);
  expect(JSON.stringify({ instant })).toBe(JSON.stringify({ instant: written }));
  expect(new Date(instant).toISOString()).toBe(written);
});

test.each(['2027-01-31 12:00:00+02', '0044-03-15 12:00:00+00 BC', '10000-01-01 00:00:00+00', 'infinity'])(
  'leaves %s to node-postgres',
  (text) => {
    expect(readInstant(text)).toEqual(parse(text));
  },
);
