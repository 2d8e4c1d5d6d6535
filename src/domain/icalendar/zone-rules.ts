/** Finds an IANA time zone whose clock follows the rules of a VTIMEZONE (RFC 5545, section 3.6.5). */
import { setImmediate as turn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { toInstant } from '../time/calendar';
import { nameOf, readContentLine } from './content-line';
import { windowsZones } from './windows-zones';

/** A half of the rules: the offset from UTC in minutes, and the month and day of the year in which it begins. */
interface Onset {
  readonly offset: number;
  readonly since: string;
  readonly month: number;
  readonly day: number;
  readonly recurs: boolean;
}

interface Observances {
  standard?: Onset;
  daylight?: Onset;
}

/** The day of the month on which a rule such as `BYDAY=2SU` falls at the latest in half of the years. */
function dayOf(rule: string, otherwise: number): number {
  const ordinal = Number(/BYDAY=([+-]?\d)/i.exec(rule)?.[1] ?? 0);
  if (ordinal === 0) return otherwise;
  return ordinal > 0 ? ordinal * 7 - 3 : 28;
}

function toOnset(properties: ReadonlyMap<string, string>): Onset | undefined {
  const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)/.exec(properties.get('tzoffsetto') ?? '') ?? [];
  const start = properties.get('dtstart') ?? '';
  if (sign === undefined || !/^\d{8}/.test(start)) return undefined;
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  const rule = properties.get('rrule') ?? '';
  const month = Number(/BYMONTH=(\d{1,2})/i.exec(rule)?.[1] ?? start.slice(4, 6));
  const recurs = (rule !== '' && !/UNTIL=/i.test(rule)) || properties.has('rdate');
  return { offset, since: start, month, day: dayOf(rule, Number(start.slice(6, 8))), recurs };
}

/** The rules that apply last, of each kind of observance. */
function observancesIn(lines: readonly string[]): Observances {
  const found: Observances = {};
  let kind: keyof Observances | undefined;
  let properties = new Map<string, string>();
  for (const line of lines) {
    const name = nameOf(line);
    if (name === 'begin') {
      const component = line.slice(6).trim().toLowerCase();
      kind = component === 'standard' || component === 'daylight' ? component : undefined;
      properties = new Map();
    } else if (name === 'end' && kind) {
      const onset = toOnset(properties);
      if (onset && onset.since >= (found[kind]?.since ?? '')) found[kind] = onset;
      kind = undefined;
    } else if (kind && name !== undefined) {
      properties.set(name, readContentLine(line)?.value.trim() ?? '');
    }
  }
  return found;
}

// The rules of zones change; these are the offsets in the middle of the months of this year.
const year = 2026;
const middle = 15;
const months = Array.from({ length: 12 }, (_, index) => index + 1);

function offsetsOf({ standard, daylight }: Observances): number[] | undefined {
  if (!standard) return undefined;
  if (!daylight?.recurs || !standard.recurs) return months.map(() => standard.offset);
  const [begin, end] = [daylight, standard].map(({ month, day }) => month + (day > middle ? 1 : 0));
  const isLight = (month: number) => {
    const [from, to] = [begin as number, end as number];
    return from < to ? month >= from && month < to : month >= from || month < to;
  };
  return months.map((month) => (isLight(month) ? daylight.offset : standard.offset));
}

/** The offset of a time zone from UTC in the middle of a month, in minutes. */
function offsetOf(zone: string, month: number): number {
  const day = `${year}-${String(month).padStart(2, '0')}-${middle}`;
  return (Date.parse(`${day}T12:00:00Z`) - toInstant(day, '12:00', zone).getTime()) / 60_000;
}

// Several zones have the same rules. The first one is taken.
const wellKnown = [
  ...['UTC', 'Europe/Berlin', 'Europe/London', 'America/New_York', 'America/Chicago', 'America/Denver'],
  ...['America/Los_Angeles', 'America/Halifax', 'America/Anchorage', 'America/Phoenix', 'America/Sao_Paulo'],
  ...['Asia/Tokyo', 'Asia/Shanghai', 'Asia/Kolkata', 'Asia/Dubai', 'Asia/Bangkok', 'Europe/Moscow'],
  ...['Africa/Lagos', 'Africa/Johannesburg', 'Africa/Nairobi', 'Australia/Sydney', 'Pacific/Auckland'],
];

const zoneByOffsets = new LRUCache<string, { zone: string | undefined }>({ max: 1_000 });
// Computing the offsets of a zone takes up to a millisecond.
const zonesInTurn = 20;

/**
 * An IANA time zone with the same offsets in every month as the rules of a VTIMEZONE that apply last.
 * @param lines the unfolded lines of the VTIMEZONE
 * @returns undefined if there is none
 */
export async function zoneByRules(lines: readonly string[]): Promise<string | undefined> {
  const offsets = offsetsOf(observancesIn(lines));
  if (!offsets) return undefined;
  const key = offsets.join();
  const known = zoneByOffsets.get(key);
  if (known) return known.zone;
  let found: string | undefined;
  let count = 0;
  for (const zone of new Set([...wellKnown, ...windowsZones.values()])) {
    if (months.every((month) => offsetOf(zone, month) === offsets[month - 1])) {
      found = zone;
      break;
    }
    if (++count % zonesInTurn === 0) await turn();
  }
  zoneByOffsets.set(key, { zone: found });
  return found;
}
