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

/** SQL: the task is open. */
export const isOpenSql = `status_rank <= ${lastOpenRank}`;

/** SQL: the task is completed. */
export const isCompletedSql = `status_rank = ${statuses.indexOf('completed') + 1}`;
