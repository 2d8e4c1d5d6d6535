/** The operations of a batch. Each does the same as the operation of its name outside a batch. */

import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { inBody } from '../../platform/contract/document/validation-errors';
import { QuotaExceeded, type QuotaName, type WritableLane } from '../../platform/database/lane';
import type { ProjectRow, TagRow, TaskRow } from '../../platform/database/rows';
import { changeProject, createProject, removeProject } from '../projects/commands';
import { toProject } from '../projects/mapper';
import { projectWithId } from '../projects/repository';
import { changeTag, removeTag } from '../tags/commands';
import { toTag } from '../tags/mapper';
import { changeTask, completeTask, createTask, moveTask, skipTask } from '../tasks/commands';
import { deleteTask } from '../tasks/delete';
import { duplicateTask } from '../tasks/duplicate';
import { toTask } from '../tasks/mapper';
import { taskWithId } from '../tasks/repository';
import { restoreTask } from '../trash/commands';
import { restoreProject } from '../trash/projects';
import type { BatchOperation, Resolved } from './references';

type Code = Schemas['BatchProblem']['code'];

/** Why an operation failed. */
export interface Failure {
  readonly code: Code;
  readonly detail?: string;
  /** The pointers are into the request. */
  readonly errors?: ValidationError[];
  /** The exceeded quota, and its limit. */
  readonly quota?: QuotaName;
  readonly limit?: number;
  /** The entity that has the id. */
  readonly entity?: Schemas['EntityWithId'] | null;
}

/** The result of an operation that was applied. */
export interface Success {
  readonly status: 200 | 201 | 204;
  readonly body: Schemas['BatchResult']['body'];
}

export type Outcome = Success | Failure;

/** True if the operation was applied. */
export function isApplied(outcome: Outcome): outcome is Success {
  return 'status' in outcome;
}

type Invalid = { readonly errors: readonly ValidationError[] };
type Conflict = 'id-taken' | 'completion-changed' | 'not-recurring';
type Refusal = 'not-found' | Conflict | Invalid;

const noContent: Success = { status: 204, body: null };

/**
 * The outcome of an operation from the result of its command. `part` is the pointer to the body with the errors, within the
 * operation.
 */
function outcomeOf<R extends TaskRow | ProjectRow | TagRow>(
  answer: R | Refusal,
  userId: string,
  toBody: (userId: string, row: R) => Success['body'],
  {
    index,
    notFound,
    part,
    status = 200,
  }: { index: number; notFound: Code; part: string; status?: 200 | 201 },
): Outcome {
  if (answer === 'not-found') return { code: notFound };
  if (typeof answer === 'string') return { code: answer };
  if (!('errors' in answer)) return { status, body: toBody(userId, answer) };
  const pointer = `/operations/${index}${part}`;
  const errors = (answer as Invalid).errors.map((error) => ({ ...error, pointer: pointer + error.pointer }));
  return { code: 'validation-failed', errors: inBody(errors) };
}

async function apply(lane: WritableLane, operation: BatchOperation, index: number): Promise<Outcome> {
  const task = { index, notFound: 'task-not-found', part: '/task' } as const;
  const project = { index, notFound: 'project-not-found', part: '/project' } as const;
  const tag = { index, notFound: 'tag-not-found', part: '/tag' } as const;
  const user = lane.userId;
  switch (operation.op) {
    case 'create_task':
      return outcomeOf(await createTask(lane, operation.task), user, toTask, { ...task, status: 201 });
    case 'update_task':
      return outcomeOf(await changeTask(lane, operation.id, operation.task), user, toTask, task);
    case 'complete_task':
      return outcomeOf(await completeTask(lane, operation.id, operation), user, toTask, {
        ...task,
        part: '',
      });
    case 'skip_occurrence':
      return outcomeOf(await skipTask(lane, operation.id, operation), user, toTask, { ...task, part: '' });
    case 'duplicate_task':
      return outcomeOf(await duplicateTask(lane, operation.id, operation.copy), user, toTask, {
        ...task,
        part: '/copy',
        status: 201,
      });
    case 'move_task':
      return outcomeOf(await moveTask(lane, operation.id, operation.to), user, toTask, {
        ...task,
        part: '/to',
      });
    case 'delete_task':
      return (await deleteTask(lane, operation.id)) ? noContent : { code: 'task-not-found' };
    case 'restore_task':
      return outcomeOf((await restoreTask(lane, operation.id)) ?? 'not-found', user, toTask, task);
    case 'create_project':
      return outcomeOf(await createProject(lane, operation.project), user, toProject, {
        ...project,
        status: 201,
      });
    case 'update_project':
      return outcomeOf(await changeProject(lane, operation.id, operation.project), user, toProject, project);
    case 'delete_project': {
      const answer = await removeProject(lane, operation.id, operation.tasks);
      return answer === 'removed' ? noContent : { code: 'project-not-found' };
    }
    case 'restore_project':
      return outcomeOf((await restoreProject(lane, operation.id)) ?? 'not-found', user, toProject, project);
    case 'update_tag':
      return outcomeOf(await changeTag(lane, operation.id, operation.tag), user, toTag, tag);
    case 'delete_tag':
      return (await removeTag(lane, operation.id)) === 'removed' ? noContent : { code: 'tag-not-found' };
  }
}

/** What the problem `id-taken` says about the entity that has the id which an operation chose. */
async function holderOf(lane: WritableLane, operation: BatchOperation): Promise<Pick<Failure, 'entity'>> {
  switch (operation.op) {
    case 'create_task':
      return taskWithId(lane, operation.task.id);
    case 'duplicate_task':
      return taskWithId(lane, operation.copy.id);
    case 'create_project':
      return projectWithId(lane, operation.project.id);
    default:
      return {};
  }
}

/** Applies an operation. It fails if it exceeds a quota. */
async function applyInQuota(lane: WritableLane, operation: BatchOperation, index: number): Promise<Outcome> {
  const outcome = await apply(lane, operation, index);
  if (!isApplied(outcome) && outcome.code === 'id-taken')
    return { ...outcome, ...(await holderOf(lane, operation)) };
  const exceeded = isApplied(outcome) && (await lane.exceeded());
  if (!exceeded) return outcome;
  return { code: 'quota-exceeded', detail: new QuotaExceeded(exceeded).message, ...exceeded };
}

function notApplied(because: number): Failure {
  return {
    code: 'not-applied',
    detail: `The operation was not applied, because operation ${because} failed.`,
  };
}

/**
 * Applies all operations or none.
 * @returns the outcome of each. If one fails, nothing is written and all others have the code `not-applied`.
 * @throws the internal error of an operation
 */
export async function applyAll(lane: WritableLane, operations: readonly Resolved[]): Promise<Outcome[]> {
  const applied = async () => {
    const outcomes: Outcome[] = [];
    for (const [index, { operation }] of operations.entries()) {
      const outcome = await applyInQuota(lane, operation, index);
      if (!isApplied(outcome))
        return operations.map((_, other) => (other === index ? outcome : notApplied(index)));
      outcomes.push(outcome);
    }
    return outcomes;
  };
  const attempt = await lane.attempt(applied, (outcomes) => outcomes.every(isApplied));
  if ('error' in attempt) throw attempt.error;
  return attempt.value;
}

/**
 * Applies each operation independently. An operation that refers to the result of a failed operation is not applied.
 * @param onInternalError called with each internal error; its operation counts as failed
 */
export async function applyEach(
  lane: WritableLane,
  operations: readonly Resolved[],
  onInternalError: (error: unknown, index: number) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [index, { operation, needs }] of operations.entries()) {
    const failed = needs.find((each) => !isApplied(outcomes[each] as Outcome));
    if (failed !== undefined) {
      outcomes.push(notApplied(failed));
      continue;
    }
    const attempt = await lane.attempt(() => applyInQuota(lane, operation, index), isApplied);
    if ('error' in attempt) onInternalError(attempt.error, index);
    outcomes.push('error' in attempt ? { code: 'internal-error' } : attempt.value);
  }
  return outcomes;
}
