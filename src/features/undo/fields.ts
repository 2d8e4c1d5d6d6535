/** Which fields of an entity an undo sets back. */
import { isDeepStrictEqual } from 'node:util';
import type { Schemas } from '../../platform/contract/document/operations';
import type { ChangeRow } from '../../platform/database/rows';

export type Left = Schemas['LeftChange'];

// Fields that are only valid together.
const groups: Readonly<Record<string, readonly string[]>> = {
  place: ['project_id', 'parent_id'],
  status: ['status', 'completed_at'],
  schedule: [
    ...['due_date', 'due_time', 'time_zone', 'start_date', 'start_time'],
    ...['rrule', 'repeat_from', 'recurrence_start', 'recurrence_start_time', 'recurrence_due'],
    ...['excluded_dates', 'completion_count'],
  ],
};
const groupByField = new Map(
  Object.entries(groups).flatMap(([name, fields]) => fields.map((field) => [field, name] as const)),
);

/** The name of the fields that are only valid together with a field. */
export function groupOf(field: string): string {
  return groupByField.get(field) ?? field;
}

// The form of values in the history.
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

/** The former values of fields. */
export interface FormerFields {
  /** The values to set, in the form of the history. */
  readonly wanted: Map<string, unknown>;
  /** The fields that were changed since. */
  readonly changed: Set<string>;
}

/**
 * Takes back changes of one entity, the last one first. The fields of a change that belong together get their old values
 * if all of them still have their new values, or have their old ones already. After the first change that does not fit,
 * earlier changes of these fields do not fit either.
 * @param current the entity as it is
 * @param changes in their order
 */
export function formerFields(current: object, changes: readonly Pick<ChangeRow, 'fields'>[]): FormerFields {
  const values = new Map<string, unknown>();
  const present = (field: string) =>
    values.has(field) ? values.get(field) : asJson((current as Record<string, unknown>)[field]);
  const blocked = new Set<string>();
  const changed = new Set<string>();
  for (const { fields } of changes.toReversed()) {
    const byGroup = Map.groupBy(Object.entries(fields), ([field]) => groupOf(field));
    for (const [group, entries] of byGroup) {
      const fits = entries.every(([field, { from, to }]) => {
        const value = present(field);
        return isDeepStrictEqual(value, to) || isDeepStrictEqual(value, from);
      });
      if (!fits) blocked.add(group);
      for (const [field, { from }] of entries) {
        if (blocked.has(group)) changed.add(field);
        else values.set(field, from);
      }
    }
  }
  return { wanted: values, changed };
}
