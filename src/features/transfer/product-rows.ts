/** Turns tasks of other products into rows of an import. */
import type { ForeignProject, ForeignTask } from '../../domain/foreign/foreign-task';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { createCheck } from '../../platform/contract/validation/rows';
import type { ImportedProject } from '../projects/import';
import { readTask } from '../tasks/import';
import { idNamed, idOfProject, type ReadRow } from './file';

const check = createCheck('TaskImport');

/** The location of a task in a file, without the number of the row. */
export interface ProductLocation {
  readonly line: number | null;
  readonly within: string;
  readonly index: number | null;
  /** The names of the id and of the parent in the file. */
  readonly idField: string;
  readonly parentField: string;
}

/** Makes the rows of one file. A new project has a row before its first task. */
export function createProductRows(idOf: (row: number) => string) {
  const projects = new Set<string>();

  /** The row of a project that the file has not named yet. */
  function* projectRows(
    project: ForeignProject,
    location: Pick<ReadRow, 'row' | 'line' | 'within' | 'index'>,
  ): Generator<ReadRow> {
    const { name, color = null, archived = false, warnings = [] } = project;
    const id = idOfProject(name);
    if (projects.has(id)) return;
    projects.add(id);
    const absent = { position: undefined, created_at: undefined, deleted_at: null };
    const read: ImportedProject = { id, name, color, archived, ...absent };
    yield { ...location, type: 'project', id, read, warnings };
  }

  /** The rows of a task. */
  function* taskRows(task: ForeignTask, row: number, location: ProductLocation): Generator<ReadRow> {
    const { idField, parentField, ...where } = location;
    const id = task.key === undefined ? idOf(row) : idNamed(task.key);
    if (task.project) yield* projectRows(task.project, { row, ...where });
    const fields = {
      ...task.fields,
      ...(task.project && { project_id: idOfProject(task.project.name) }),
      ...(task.parentKey !== undefined && { parent_id: idNamed(task.parentKey) }),
    };
    const errors: ValidationError[] = check(fields);
    const read =
      errors.length > 0
        ? errors
        : readTask({ ...(fields as Schemas['TaskImport']), id }, { isTrashed: false });
    const foreign = { idField, parentField, edition: '' };
    yield { ...where, row, type: 'task', id, read, warnings: task.warnings, foreign };
  }

  return { projectRows, taskRows };
}
