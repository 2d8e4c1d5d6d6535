/** Finds the IANA time zone of a TZID (RFC 5545, section 3.2.19). The rules in a VTIMEZONE are never evaluated. */
import { isTimeZone } from '../time/zones';
import { nameOf, readContentLine, unfold } from './content-line';
import type { Broken, ComponentText } from './read';
import { windowsZones } from './windows-zones';

// The IANA database has fewer zones, and none has a longer name.
const maxLocations = 1_000;
const maxNameLength = 255;
// Both properties come before the observances of a VTIMEZONE, which are not read.
const maxLines = 100;

/** The value of the first property with a name. It is copied, because a substring keeps the whole file in memory. */
function valueIn(name: string, lines: readonly string[]): string | undefined {
  const line = lines.find((each) => nameOf(each) === name);
  const value = line === undefined ? undefined : readContentLine(line)?.value.trim();
  return value && value.length <= maxNameLength ? Buffer.from(value).toString() : undefined;
}

/** The IANA names (X-LIC-LOCATION) of a calendar's VTIMEZONEs, by their TZID. */
export async function locationsOf(
  components: AsyncIterable<ComponentText | Broken>,
): Promise<ReadonlyMap<string, string>> {
  const locations = new Map<string, string>();
  for await (const component of components) {
    if ('broken' in component || component.name !== 'VTIMEZONE' || component.text === undefined) continue;
    const lines = unfold(component.text).slice(0, maxLines);
    const [id, location] = [valueIn('tzid', lines), valueIn('x-lic-location', lines)];
    if (id && location) locations.set(id, location);
    if (locations.size === maxLocations) break;
  }
  return locations;
}

/**
 * The IANA name for a TZID; undefined if it is unknown. A TZID can be an IANA name, a TZID from `locationsOf`, a name
 * from Windows, or a path such as `/mozilla.org/…/Europe/Zurich`.
 */
export function ianaZone(id: string, locations: ReadonlyMap<string, string>): string | undefined {
  if (id.length > maxNameLength) return undefined;
  const parts = id.split('/').filter((part) => part !== '');
  const ends = [3, 2, 1].map((count) => parts.slice(-count).join('/'));
  const candidates = [id, locations.get(id), windowsZones.get(id), ...(id.startsWith('/') ? ends : [])];
  return candidates.find((name): name is string => name !== undefined && isTimeZone(name));
}
