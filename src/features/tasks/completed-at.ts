/** Times of completions that clients give. */
import type { ValidationError } from '../../platform/contract/document/operations';
import type { TaskRow, TaskStatus } from '../../platform/database/rows';

// The clocks of devices differ from the clock of the service, also by a wrong time zone.
const toleranceMs = 24 * 60 * 60 * 1000;

/** The error of an instant that cannot be past, because it is too far ahead. */
export function futureErrors(pointer: string, instant: Date): ValidationError[] {
  if (instant.getTime() - Date.now() <= toleranceMs) return [];
  return [
    { pointer, code: 'too-large', detail: 'must be at most 24 hours ahead of the clock of the service' },
  ];
}

/**
 * The instant of a completion. An instant up to 24 hours ahead counts as the present.
 * @returns undefined for the time of the write, or a validation error
 */
export function readCompletedAt(text: string | null | undefined): Date | undefined | ValidationError {
  if (text == null) return undefined;
  const instant = new Date(text);
  if (instant.getTime() <= Date.now()) return instant;
  return futureErrors('/completed_at', instant)[0];
}

/** True if `readCompletedAt` or `mergeCompletedAt` returned a validation error. */
export function isTimeError(time: Date | undefined | ValidationError): time is ValidationError {
  return time !== undefined && 'pointer' in time;
}

/**
 * The instant of a completion in a body with the fields of a task. A body can repeat the present value of the task, also
 * if it changes the status.
 * @returns undefined for the time of the write or if nothing was given, or a validation error
 */
export function mergeCompletedAt(
  current: Pick<TaskRow, 'status' | 'completed_at'> | null,
  {
    status = current?.status,
    completed_at,
  }: { status?: TaskStatus | undefined; completed_at?: string | null | undefined },
): Date | undefined | ValidationError {
  const contradiction = (detail: string): ValidationError => ({
    pointer: '/completed_at',
    code: 'contradiction',
    detail,
  });
  if (completed_at === undefined) return undefined;
  if (status === 'completed') {
    if (completed_at !== null || current?.status !== 'completed') return readCompletedAt(completed_at);
    return contradiction('must not be null while the status is completed');
  }
  const isPresent = completed_at === null || Date.parse(completed_at) === current?.completed_at?.getTime();
  return isPresent ? undefined : contradiction('requires the status completed');
}
