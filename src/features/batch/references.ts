/** References between the operations of a batch: `$name` is the id of an entity that an earlier operation creates. */
import { v7 as uuidv7 } from 'uuid';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';

type Kind = 'task' | 'project';
type Reading = Schemas['BatchOperation'];
type Of<O, Op> = Extract<O, { op: Op }>;

/** An operation without references. A task or project that it creates already has an id. */
export type BatchOperation =
  | Exclude<Reading, { op: 'create_task' | 'create_project' | 'duplicate_task' }>
  | (Of<Reading, 'create_task'> & { task: { id: string } })
  | (Of<Reading, 'create_project'> & { project: { id: string } })
  | (Of<Reading, 'duplicate_task'> & { copy: { id: string; subtasks: boolean } });

export interface Resolved {
  readonly operation: BatchOperation;
  /** The indexes of the operations that this one refers to. */
  readonly needs: readonly number[];
}

interface Made {
  readonly index: number;
  readonly kind: Kind;
  readonly id: string;
}

const kindsByField: Readonly<Record<string, Kind>> = {
  project_id: 'project',
  parent_id: 'task',
  before: 'task',
  after: 'task',
};

function withId(operation: Reading): BatchOperation {
  if (operation.op === 'create_task') {
    const { id = uuidv7(), ...task } = operation.task;
    return { ...operation, task: { ...task, id } };
  }
  if (operation.op === 'create_project') {
    const { id = uuidv7(), ...project } = operation.project;
    return { ...operation, project: { ...project, id } };
  }
  if (operation.op === 'duplicate_task') {
    const { id = uuidv7(), subtasks = false } = operation.copy ?? {};
    return { ...operation, copy: { id, subtasks } };
  }
  return operation;
}

/** The kind of entity that an operation creates; undefined if it creates none. */
function madeBy(operation: BatchOperation, index: number): Made | undefined {
  if (operation.op === 'create_task') return { index, kind: 'task', id: operation.task.id };
  if (operation.op === 'create_project') return { index, kind: 'project', id: operation.project.id };
  if (operation.op === 'duplicate_task') return { index, kind: 'task', id: operation.copy.id };
  return undefined;
}

/** Replaces the references in some fields of an object by ids. In these fields, only references begin with `$`. */
function replace<T extends object>(
  holder: T,
  kindOf: (field: string) => Kind | undefined,
  idOf: (name: string, kind: Kind, field: string) => string,
): T {
  const entries = Object.entries(holder).map(([field, value]) => {
    const kind = kindOf(field);
    const refers = kind !== undefined && typeof value === 'string' && value.startsWith('$');
    return [field, refers ? idOf(value.slice(1), kind, field) : value];
  });
  return Object.fromEntries(entries);
}

/** Replaces all references by ids. @returns the operations, or validation errors with pointers into the body */
export function resolveReferences(
  operations: readonly Reading[],
): readonly Resolved[] | { errors: readonly ValidationError[] } {
  const made = new Map<string, Made>();
  const errors: ValidationError[] = [];
  const resolved = operations.map((reading, index): Resolved => {
    const needs = new Set<number>();
    const pointer = `/operations/${index}`;
    const idIn = (part: string) => (name: string, kind: Kind, field: string) => {
      const target = made.get(name);
      if (target?.kind === kind) {
        needs.add(target.index);
        return target.id;
      }
      const detail = `must refer to a ${kind} that an earlier operation creates`;
      errors.push({ pointer: `${pointer}${part}/${field}`, code: 'unknown', detail });
      return '';
    };
    const own = (field: string): Kind | undefined =>
      field === 'id' ? (reading.op.endsWith('project') ? 'project' : 'task') : undefined;
    const below = (field: string) => kindsByField[field];

    const operation = replace(withId(reading), own, idIn(''));
    if (operation.op === 'create_task' || operation.op === 'update_task') {
      operation.task = replace(operation.task, below, idIn('/task'));
    }
    if (operation.op === 'move_task') operation.to = replace(operation.to, below, idIn('/to'));

    const ref = 'ref' in operation ? operation.ref : undefined;
    const making = madeBy(operation, index);
    if (ref !== undefined && making) {
      if (made.has(ref)) {
        errors.push({
          pointer: `${pointer}/ref`,
          code: 'duplicate',
          detail: 'must not be the ref of an earlier operation',
        });
      }
      made.set(ref, making);
    }
    return { operation, needs: [...needs] };
  });
  return errors.length > 0 ? { errors } : resolved;
}
