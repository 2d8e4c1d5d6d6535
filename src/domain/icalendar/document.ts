/** iCalendar objects (RFC 5545) as text, a part at a time. */
import ICAL from 'ical.js';

/** A property as jCal has it (RFC 7265): name, parameters, type of value, values. */
export type Property = [
  name: string,
  parameters: Record<string, string>,
  type: string,
  ...values: (string | number)[],
];

/** A component as jCal has it: name, properties, components. */
export type Component = [name: string, properties: Property[], components: Component[]];

// It counts a folded line without the space that begins it, which the limit of 75 octets includes.
ICAL.foldLength = 74;

/** A component as lines, folded and escaped. */
export function toLines(component: Component): string {
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

// TEXT has no control characters but tabs, and line breaks of one kind (RFC 5545, section 3.3.11).
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant.
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

/** Text as a property can carry it. */
export function toText(text: string): string {
  return text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(controls, '');
}

/** An instant in UTC; iCalendar knows whole seconds. */
export function toInstantValue(timestamp: string): string {
  return timestamp.replace(/\.\d+Z$/, 'Z');
}
