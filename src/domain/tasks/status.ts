/** The states of a task. A task is open or closed; SQL compares `status_rank`, the position of a status in this order. */
const statuses = ['pending', 'in_progress', 'completed', 'cancelled'] as const;

export type Status = (typeof statuses)[number];

/** The statuses of open tasks. */
export const openStatuses = ['pending', 'in_progress'] as const satisfies readonly Status[];

const lastOpenRank = statuses.indexOf('in_progress') + 1;

/** True if a task with this status is open. */
export function isOpen(status: Status): boolean {
  return (openStatuses as readonly Status[]).includes(status);
}

/**
 * The status that `status` and `completed` ask for together; undefined keeps the present status.
 * @param present the status of the task; undefined for a new task
 * @param isCurrent true if the client knows the present task, so that a value that equals it asks for nothing
 * @returns `contradiction` if the two contradict each other
 */
export function wantedStatus(
  { status, completed }: { readonly status?: Status | undefined; readonly completed?: boolean | undefined },
  present: Status | undefined,
  isCurrent: boolean,
): Status | undefined | 'contradiction' {
  if (completed === undefined || (status !== undefined && completed === (status === 'completed')))
    return status;
  const wasCompleted = present === 'completed';
  const fromCompleted = completed ? 'completed' : 'pending';
  if (status === undefined) return completed === wasCompleted ? undefined : fromCompleted;
  if (isCurrent && status === present) return fromCompleted;
  return isCurrent && completed === wasCompleted ? status : 'contradiction';
}

/** SQL: the task is open. */
export const isOpenSql = `status_rank <= ${lastOpenRank}`;

/** SQL: the task is completed. */
export const isCompletedSql = `status_rank = ${statuses.indexOf('completed') + 1}`;
