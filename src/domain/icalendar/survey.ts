/** What the components of a calendar say about other components: it is read before the VTODOs. */
import { nameOf, readContentLine, unescapeText, unfold } from './content-line';
import type { Broken, ComponentText } from './read';
import { type FoundZone, readTimeZone } from './zones';

/** What VTODOs can refer to. */
export interface Survey {
  /** The zones of the VTIMEZONEs, by their TZID. */
  readonly zones: ReadonlyMap<string, FoundZone>;
  /** The UID of the parent by the UID of the subtask, from RELATED-TO with RELTYPE=CHILD (RFC 5545, section 3.2.15). */
  readonly parents: ReadonlyMap<string, string>;
}

// The IANA database has fewer zones.
const maxZones = 1_000;
const maxParents = 200_000;
const maxUidLength = 255;
const namesChild = /RELTYPE="?CHILD/i;

// A substring keeps the whole file in memory, so it is copied.
const copy = (text: string) => Buffer.from(text).toString();

function readChildren(text: string, parents: Map<string, string>): void {
  const lines = unfold(text);
  const uidLine = lines.find((line) => nameOf(line) === 'uid');
  const uid = copy(unescapeText((uidLine && readContentLine(uidLine)?.value) ?? '').trim());
  if (uid === '' || uid.length > maxUidLength) return;
  for (const line of lines) {
    if (!namesChild.test(line) || nameOf(line) !== 'related-to') continue;
    const read = readContentLine(line);
    if (read?.parameters.get('reltype')?.toUpperCase() !== 'CHILD') continue;
    const child = unescapeText(read.value).trim();
    if (child === '' || child.length > maxUidLength || parents.has(child)) continue;
    if (parents.size === maxParents) return;
    parents.set(copy(child), uid);
  }
}

/** Reads what the VTODOs of a file can refer to. */
export async function surveyCalendar(components: AsyncIterable<ComponentText | Broken>): Promise<Survey> {
  const zones = new Map<string, FoundZone>();
  const parents = new Map<string, string>();
  for await (const component of components) {
    if ('broken' in component || component.text === undefined) continue;
    if (component.name === 'VTIMEZONE' && zones.size < maxZones) {
      const { id, ...found } = (await readTimeZone(component.text)) ?? {};
      if (id !== undefined) zones.set(id, found as FoundZone);
    } else if (component.name === 'VTODO' && namesChild.test(component.text)) {
      readChildren(component.text, parents);
    }
  }
  return { zones, parents };
}
