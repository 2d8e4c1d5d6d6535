/** Which IANA time zone a TZID stands for (RFC 5545, section 3.2.19). Rules of VTIMEZONEs are never evaluated. */
import { isTimeZone } from '../time/zones';
import { nameOf, readContentLine, unfold } from './content-line';
import type { Broken, ComponentText } from './read';
import { windowsZones } from './windows-zones';

// There are fewer zones in the world, and none has a longer name.
const maxLocations = 1_000;
const maxNameLength = 255;
// Both properties are above a VTIMEZONE's observances, which are not read.
const maxLines = 100;

/** The value of the first property of a name; a copy, since a part of a file's text keeps all of it in memory. */
function valueIn(name: string, lines: readonly string[]): string | undefined {
  const line = lines.find((each) => nameOf(each) === name);
  const value = line === undefined ? undefined : readContentLine(line)?.value.trim();
  return value && value.length <= maxNameLength ? Buffer.from(value).toString() : undefined;
}

/** The names that a calendar's VTIMEZONEs say their TZID has in the IANA database (X-LIC-LOCATION). */
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

/** The IANA name of a TZID: itself, the end of a path such as `/mozilla.org/…/Europe/Zurich`, or Windows' name of it. */
export function ianaZone(id: string, locations: ReadonlyMap<string, string>): string | undefined {
  if (id.length > maxNameLength) return undefined;
  const parts = id.split('/').filter((part) => part !== '');
  const ends = [3, 2, 1].map((count) => parts.slice(-count).join('/'));
  const candidates = [id, locations.get(id), windowsZones.get(id), ...(id.startsWith('/') ? ends : [])];
  return candidates.find((name): name is string => name !== undefined && isTimeZone(name));
}
