import fc from 'fast-check';
import { addDays, isDate, startOfDay, timeIn, todayIn, toInstant } from '../../../src/domain/time/calendar';

const ZONES = [
  'UTC',
  'Pacific/Pago_Pago',
  'Pacific/Kiritimati',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Tehran',
  'America/St_Johns',
  'America/Sao_Paulo',
  'America/New_York',
  'Australia/Lord_Howe',
  'Europe/Dublin',
  'Europe/Zurich',
];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Seeded, so that all runs are the same. */
const runs = { seed: 20261121, numRuns: 400 };

const formats = new Map(
  ZONES.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    }),
  ]),
);

/** The local time in a zone at an instant, `YYYY-MM-DDTHH:MM:SS`, from Intl. */
function wallClock(zone: string, instant: number): string {
  const parts = formats.get(zone)?.formatToParts(instant) ?? [];
  const values = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${values.year}-${values.month}-${values.day}T${values.hour}:${values.minute}:${values.second}`;
}

/** The offset of a zone from UTC at an instant, in milliseconds. */
function offset(zone: string, instant: number): number {
  return Date.parse(`${wallClock(zone, instant)}Z`) - instant;
}

/** The last whole hours of a year before the offset of a zone changes. */
function changes(zone: string, year: number): number[] {
  const found: number[] = [];
  const end = Date.UTC(year + 1, 0, 1);
  for (let day = Date.UTC(year, 0, 1); day < end; day += DAY) {
    if (offset(zone, day) === offset(zone, day + DAY)) continue;
    const hours = Array.from({ length: 24 }, (_, i) => day + i * HOUR);
    found.push(...hours.filter((hour) => offset(zone, hour) !== offset(zone, hour + HOUR)));
  }
  return found;
}

/** The first instant at which clocks show a time; a skipped time counts with the offset before the change. */
function firstInstant(zone: string, local: string): number {
  const asUtc = Date.parse(`${local}Z`);
  const offsets: number[] = [];
  for (let instant = asUtc - 40 * HOUR; instant <= asUtc + 40 * HOUR; instant += 2 * HOUR) {
    offsets.push(offset(zone, instant));
  }
  const shown = offsets.map((ahead) => asUtc - ahead).filter((instant) => wallClock(zone, instant) === local);
  return shown.length > 0 ? Math.min(...shown) : asUtc - (offsets[0] ?? 0);
}

const years = [2010, 2011, 2018, 2026];
const nearChanges = fc.constantFrom(
  ...ZONES.flatMap((zone) =>
    years.flatMap((year) => changes(zone, year).map((instant) => ({ zone, instant }))),
  ),
);
const anyTimes = fc.record({
  zone: fc.constantFrom(...ZONES),
  instant: fc
    .integer({ min: Date.UTC(1975, 0, 1) / MINUTE, max: Date.UTC(2060, 0, 1) / MINUTE })
    .map((m) => m * MINUTE),
});
const moments = fc
  .tuple(fc.oneof(nearChanges, anyTimes), fc.integer({ min: -50 * 60, max: 50 * 60 }))
  .map(([{ zone, instant }, minutes]) => ({ zone, instant: instant + minutes * MINUTE }));

test('the tested zones change their clocks in the tested years', () => {
  expect(changes('Australia/Lord_Howe', 2026)).toHaveLength(2);
  expect(changes('Africa/Casablanca', 2025)).toHaveLength(2);
  expect(changes('Pacific/Apia', 2011)).toHaveLength(3);
});

test('the day and time in a zone equal those of Intl', () => {
  fc.assert(
    fc.property(moments, ({ zone, instant }) => {
      const now = new Date(instant);
      expect(`${todayIn(zone, now)}T${timeIn(zone, now)}`).toBe(wallClock(zone, instant));
    }),
    runs,
  );
});

test('the instant of a day and time is the first at which clocks show them', () => {
  fc.assert(
    fc.property(moments, ({ zone, instant }) => {
      // This is computed in UTC, so it can also give a local time that the zone skips.
      const local = new Date(instant + offset(zone, instant - 26 * HOUR)).toISOString().slice(0, 16);
      const [day = '', time = ''] = local.split('T');
      const expected = new Date(firstInstant(zone, `${local}:00`));
      expect(toInstant(day, time, zone)).toEqual(expected);
      // The second call gets the result from the cache.
      expect(toInstant(day, time, zone)).toEqual(expected);
    }),
    runs,
  );
});

test('a day begins at its first instant', () => {
  fc.assert(
    fc.property(moments, ({ zone, instant }) => {
      const day = todayIn(zone, new Date(instant));
      const begin = startOfDay(day, zone).getTime();
      expect(wallClock(zone, begin).slice(0, 10)).toBe(day);
      expect(wallClock(zone, begin - 1000) < wallClock(zone, begin)).toBe(true);
      expect(wallClock(zone, begin - 1000).slice(0, 10)).not.toBe(day);
      expect(begin).toBeLessThanOrEqual(instant);
    }),
    runs,
  );
});

test.each([
  // A skipped time moves forward.
  ['2026-03-29', '02:30', 'Europe/Zurich', '2026-03-29T01:30:00.000Z'],
  ['2026-10-04', '02:15', 'Australia/Lord_Howe', '2026-10-03T15:45:00.000Z'],
  ['2018-11-04', '00:00', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
  // A repeated time is the earlier instant.
  ['2026-10-25', '02:30', 'Europe/Zurich', '2026-10-25T00:30:00.000Z'],
  ['2026-04-05', '01:45', 'Australia/Lord_Howe', '2026-04-04T14:45:00.000Z'],
  ['2010-11-07', '00:00', 'America/St_Johns', '2010-11-07T02:30:00.000Z'],
  ['2010-11-06', '23:30', 'America/St_Johns', '2010-11-07T02:00:00.000Z'],
  // Morocco turns its clocks back for Ramadan.
  ['2026-02-14', '12:00', 'Africa/Casablanca', '2026-02-14T11:00:00.000Z'],
  ['2026-02-16', '12:00', 'Africa/Casablanca', '2026-02-16T12:00:00.000Z'],
  // Samoa had no 30 December 2011.
  ['2011-12-29', '23:59', 'Pacific/Apia', '2011-12-30T09:59:00.000Z'],
  ['2011-12-30', '09:00', 'Pacific/Apia', '2011-12-30T19:00:00.000Z'],
  ['2011-12-31', '00:00', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
  // The zones that are furthest from UTC, and offsets with quarters of an hour.
  ['2026-11-21', '00:00', 'Pacific/Kiritimati', '2026-11-20T10:00:00.000Z'],
  ['2026-11-21', '23:59', 'Pacific/Pago_Pago', '2026-11-22T10:59:00.000Z'],
  ['2026-11-21', '12:00', 'Asia/Kathmandu', '2026-11-21T06:15:00.000Z'],
  ['2026-11-21', '12:00', 'Pacific/Chatham', '2026-11-20T22:15:00.000Z'],
])('%s %s in %s is %s', (day, time, zone, instant) => {
  expect(toInstant(day, time, zone).toISOString()).toBe(instant);
});

test('a returned instant can be changed without side effects', () => {
  toInstant('2026-11-21', '12:00', 'UTC').setTime(0);

  expect(toInstant('2026-11-21', '12:00', 'UTC').toISOString()).toBe('2026-11-21T12:00:00.000Z');
});

test.each([
  ['2026-11-21', '12:00', 'Middle/Earth'],
  ['2026-02-30', '12:00', 'UTC'],
  ['2026-11-21', '24:01', 'UTC'],
])('%s %s in %s is an error', (day, time, zone) => {
  // The RangeError of Node's own Temporal is not the one of Jest's context.
  expect(() => toInstant(day, time, zone)).toThrow(expect.objectContaining({ name: 'RangeError' }));
});

test.each([
  ['2026-11-21T09:59:59.999Z', 'Pacific/Kiritimati', '2026-11-21', '23:59:59'],
  ['2026-11-21T10:00:00.000Z', 'Pacific/Kiritimati', '2026-11-22', '00:00:00'],
  ['2026-11-21T10:59:59.999Z', 'Pacific/Pago_Pago', '2026-11-20', '23:59:59'],
  ['2026-11-21T11:00:00.000Z', 'Pacific/Pago_Pago', '2026-11-21', '00:00:00'],
  ['2011-12-30T09:59:59.999Z', 'Pacific/Apia', '2011-12-29', '23:59:59'],
  ['2011-12-30T10:00:00.000Z', 'Pacific/Apia', '2011-12-31', '00:00:00'],
  // Clocks in Newfoundland reached the 7th, and after a minute went back to the 6th.
  ['2010-11-07T02:30:59.000Z', 'America/St_Johns', '2010-11-07', '00:00:59'],
  ['2010-11-07T02:31:00.000Z', 'America/St_Johns', '2010-11-06', '23:01:00'],
])('%s in %s is %s at %s', (now, zone, day, time) => {
  expect([todayIn(zone, new Date(now)), timeIn(zone, new Date(now))]).toEqual([day, time]);
});

test.each([
  ['2026-11-21', 'Europe/Zurich', '2026-11-20T23:00:00.000Z'],
  ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
  ['2026-11-21', 'Pacific/Kiritimati', '2026-11-20T10:00:00.000Z'],
  ['2026-11-21', 'Pacific/Pago_Pago', '2026-11-21T11:00:00.000Z'],
  ['2011-12-31', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
])('%s begins in %s at %s', (day, zone, instant) => {
  expect(startOfDay(day, zone).toISOString()).toBe(instant);
});

test.each([
  ['2026-11-21', 10, '2026-12-01'],
  ['2028-02-28', 1, '2028-02-29'],
  ['2027-02-28', 1, '2027-03-01'],
  ['2026-01-01', -1, '2025-12-31'],
  ['2026-11-21', 0, '2026-11-21'],
])('%s plus %i days is %s', (day, days, later) => {
  expect(addDays(day, days)).toBe(later);
});

test.each(['2026-11-21', '2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31'])('%s is a date', (text) => {
  expect(isDate(text)).toBe(true);
});

test.each([
  '',
  '2026-02-29',
  '1900-02-29',
  '2026-02-30',
  '2026-04-31',
  '2026-13-01',
  '2026-00-10',
  '2026-01-00',
  '0000-01-01',
  '2026-1-1',
  '20260101',
  '2026-11-21T00:00:00Z',
  ' 2026-11-21',
  '2026-11-21\n',
  '+002026-11-21',
  '-2026-11-21',
  '２０２６-11-21',
])('%j is not a date', (text) => {
  expect(isDate(text)).toBe(false);
});
