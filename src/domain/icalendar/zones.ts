/** Finds the IANA time zone of a TZID (RFC 5545, section 3.2.19). */
import { isTimeZone } from '../time/zones';
import { nameOf, readContentLine, unfold } from './content-line';
import { windowsZones } from './windows-zones';
import { zoneByRules } from './zone-rules';

const maxNameLength = 255;
// The rules that apply are near the beginning or the end.
const maxLines = 2_000;

/** An IANA time zone. */
export interface FoundZone {
  readonly zone: string;
  /** False if the zone was chosen because it has the same offsets or names the same city. */
  readonly isExact: boolean;
}

/** The value of the first property with a name. It is copied, because a substring keeps the whole file in memory. */
function valueIn(name: string, lines: readonly string[]): string | undefined {
  const line = lines.find((each) => nameOf(each) === name);
  const value = line === undefined ? undefined : readContentLine(line)?.value.trim();
  return value && value.length <= maxNameLength ? Buffer.from(value).toString() : undefined;
}

/** The IANA zone that a VTIMEZONE stands for, and its TZID; undefined if there is none. */
export async function readTimeZone(text: string): Promise<(FoundZone & { id: string }) | undefined> {
  const lines = unfold(text).slice(0, maxLines);
  const [id, location] = [valueIn('tzid', lines), valueIn('x-lic-location', lines)];
  if (!id) return undefined;
  if (location && isTimeZone(location)) return { id, zone: location, isExact: true };
  const named = ianaZone(id, new Map());
  if (named) return { id, ...named };
  const zone = await zoneByRules(lines);
  return zone === undefined ? undefined : { id, zone, isExact: false };
}

let zonesByCity: ReadonlyMap<string, string> | undefined;

/** The IANA zone of a city in a name such as `(UTC+01:00) Amsterdam, Berlin, Bern`. */
function zoneOfCity(id: string): string | undefined {
  const [, cities] = /^\((?:UTC|GMT)[^)]{0,20}\)(.+)$/i.exec(id) ?? [];
  zonesByCity ??= new Map(
    Intl.supportedValuesOf('timeZone').map((zone) => [zone.split('/').at(-1)?.toLowerCase() ?? '', zone]),
  );
  for (const city of cities?.split(/[,/&]/) ?? []) {
    const zone = zonesByCity.get(city.trim().toLowerCase().replaceAll(' ', '_'));
    if (zone !== undefined) return zone;
  }
  return undefined;
}

/**
 * The IANA zone for a TZID; undefined if it is unknown. A TZID can be an IANA name, the TZID of a VTIMEZONE, a name from
 * Windows or Exchange, or a path such as `/mozilla.org/…/Europe/Zurich`.
 * @param defined the zones of the file's VTIMEZONEs by their TZID
 */
export function ianaZone(id: string, defined: ReadonlyMap<string, FoundZone>): FoundZone | undefined {
  if (id.length > maxNameLength) return undefined;
  if (/^tzone:\/\/microsoft\/utc$/i.test(id)) return { zone: 'UTC', isExact: true };
  const own = defined.get(id);
  if (own) return own;
  const parts = id.split('/').filter((part) => part !== '');
  const ends = [3, 2, 1].map((count) => parts.slice(-count).join('/'));
  const candidates = [id, windowsZones.get(id), ...(id.startsWith('/') ? ends : [])];
  const exact = candidates.find((name): name is string => name !== undefined && isTimeZone(name));
  if (exact !== undefined) return { zone: exact, isExact: true };
  const city = zoneOfCity(id);
  return city === undefined ? undefined : { zone: city, isExact: false };
}
