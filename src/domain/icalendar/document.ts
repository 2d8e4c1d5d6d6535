/** Writes iCalendar objects (RFC 5545) as text, part by part. */
import ICAL from 'ical.js';

/** A property in jCal (RFC 7265): name, parameters, value type, values. */
export type Property = [
  name: string,
  parameters: Record<string, string>,
  type: string,
  ...values: (string | number)[],
];

/** A component in jCal (RFC 7265): name, properties, components. */
export type Component = [name: string, properties: Property[], components: Component[]];

/** A component as lines, folded and escaped. */
export function toLines(component: Component): string {
  // The library counts a folded line without its leading space. The limit of 75 octets includes that space.
  ICAL.foldLength = 74;
  return ICAL.stringify(component);
}

/** The first lines of an object, before its components. */
export function beginCalendar(properties: readonly Property[] = []): string {
  const named: Property[] = [
    ['prodid', {}, 'text', '-//Tasklane//Tasklane//EN'],
    ['version', {}, 'text', '2.0'],
    ['calscale', {}, 'text', 'GREGORIAN'],
    ...properties,
  ];
  return toLines(['vcalendar', named, []]).replace(/END:VCALENDAR\r\n$/, '');
}

export const endCalendar = 'END:VCALENDAR\r\n';

// TEXT allows no control characters except tabs, and one kind of line break (RFC 5545, section 3.3.11).
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression must match control characters.
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

/** Makes a text valid as a TEXT value: normalizes line breaks and removes control characters. */
export function toText(text: string): string {
  return text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(controls, '');
}

/** A timestamp in UTC without fractions of a second, which iCalendar lacks. */
export function toInstantValue(timestamp: string): string {
  return timestamp.replace(/\.\d+Z$/, 'Z');
}
