/** Reads dates and recurrences in the words that Todoist exports. */
import { readTodoistWords } from '../../../src/domain/foreign/products/todoist-dates';

// A Thursday.
const today = '2026-11-26';
const read = (text: string, language = 'en') => readTodoistWords(text, language, today);

test.each<[text: string, language: string, date: string, time: string | null]>([
  ['2027-01-05', 'en', '2027-01-05', null],
  ['2027-01-05 18:30', 'en', '2027-01-05', '18:30'],
  ['2027-01-05T18:30:00', 'en', '2027-01-05', '18:30'],
  ['Jan 5 2027', 'en', '2027-01-05', null],
  ['5 Jan 2027 9am', 'en', '2027-01-05', '09:00'],
  ['January 5, 2027 at 6:05 pm', 'en', '2027-01-05', '18:05'],
  ['5. März 2027 14:30', 'de', '2027-03-05', '14:30'],
  ['5 janv. 2027', 'fr', '2027-01-05', null],
  ['5 de enero de 2027', 'es', '2027-01-05', null],
  ['5 gen 2027', 'it', '2027-01-05', null],
  ['5 mrt 2027', 'nl', '2027-03-05', null],
  ['5 января 2027', 'ru', '2027-01-05', null],
  ['2027年1月5日', 'ja', '2027-01-05', null],
])('reads the date %s (%s)', (text, language, date, time) => {
  expect(read(text, language)).toEqual({ date, time, assumed: undefined });
});

test.each([
  ['Jan 5', '2027-01-05'],
  ['26 Nov', '2026-11-26'],
  ['25 Nov', '2027-11-25'],
  ['29 Feb', '2028-02-29'],
])('reads %s as the next such date, and says so', (text, date) => {
  const assumed = 'has no year, so it is the next such date';
  expect(read(text)).toEqual({ date, time: null, assumed });
});

test.each<[text: string, language: string, date: string, time: string | null, rrule: string]>([
  ['every day', 'en', '2026-11-26', null, 'FREQ=DAILY'],
  ['every 3 days', 'en', '2026-11-26', null, 'FREQ=DAILY;INTERVAL=3'],
  ['every other week', 'en', '2026-11-26', null, 'FREQ=WEEKLY;INTERVAL=2'],
  ['ev mon, wed and fri at 9:00', 'en', '2026-11-27', '09:00', 'FREQ=WEEKLY;BYDAY=MO,WE,FR'],
  ['every 2 weeks', 'en', '2026-11-26', null, 'FREQ=WEEKLY;INTERVAL=2'],
  ['every other tuesday', 'en', '2026-12-01', null, 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU'],
  ['every weekday', 'en', '2026-11-26', null, 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
  ['every 1st', 'en', '2026-12-01', null, 'FREQ=MONTHLY;BYMONTHDAY=1'],
  ['every 2, 15, 27', 'en', '2026-11-27', null, 'FREQ=MONTHLY;BYMONTHDAY=2,15,27'],
  ['every last day', 'en', '2026-11-30', null, 'FREQ=MONTHLY;BYMONTHDAY=-1'],
  ['every 3rd friday', 'en', '2026-12-18', null, 'FREQ=MONTHLY;BYDAY=3FR'],
  ['every last monday', 'en', '2026-11-30', null, 'FREQ=MONTHLY;BYDAY=-1MO'],
  ['every quarter', 'en', '2026-11-26', null, 'FREQ=MONTHLY;INTERVAL=3'],
  ['every jan 5', 'en', '2027-01-05', null, 'FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=5'],
  ['daily at 18:00', 'en', '2026-11-26', '18:00', 'FREQ=DAILY'],
  ['every mon starting 2027-02-02', 'en', '2027-02-08', null, 'FREQ=WEEKLY;BYDAY=MO'],
  ['jeden Montag um 8:00', 'de', '2026-11-30', '08:00', 'FREQ=WEEKLY;BYDAY=MO'],
  ['alle 2 Wochen', 'de', '2026-11-26', null, 'FREQ=WEEKLY;INTERVAL=2'],
  ['chaque lundi', 'fr', '2026-11-30', null, 'FREQ=WEEKLY;BYDAY=MO'],
  ['cada 3 días', 'es', '2026-11-26', null, 'FREQ=DAILY;INTERVAL=3'],
  ['ogni giorno', 'it', '2026-11-26', null, 'FREQ=DAILY'],
  ['elke dag', 'nl', '2026-11-26', null, 'FREQ=DAILY'],
])('reads the recurrence %s (%s)', (text, language, date, time, rrule) => {
  expect(read(text, language)).toMatchObject({ date, time, rrule, repeatFrom: 'schedule' });
});

test('counts a recurrence with an exclamation mark from the completion', () => {
  expect(read('every! 3 days')).toMatchObject({ rrule: 'FREQ=DAILY;INTERVAL=3', repeatFrom: 'completion' });
});

test.each([
  '',
  'soon',
  'next tuesday',
  'every',
  'every weekend',
  'every day until friday',
  'every 2 mon foo',
  'every 12345 days',
  'every 32nd',
  'every 0 days',
  'feb 30',
  '2027-02-30',
  'every feb 30',
  'constructor',
  'every __proto__',
  'x'.repeat(1_000),
])('does not guess %s', (text) => {
  expect(read(text)).toBeUndefined();
});
