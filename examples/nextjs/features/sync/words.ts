/** How writes are called. */
import type { FailedWrite } from '@/lib/tasklane';

export const changes = (count: number): string => (count === 1 ? '1 change' : `${count} changes`);

const verbs: Record<string, string> = {
  create: 'Add',
  update: 'Change',
  complete: 'Complete',
  reopen: 'Reopen',
  skip: 'Skip a date of',
  move: 'Move',
  delete: 'Delete',
  restore: 'Restore',
};

const kinds: Record<string, string> = { tasks: 'a task', projects: 'a project', tags: 'a tag' };

/** What a write was to do: `Change “Water the plants”`. `title` is that of its entity, if the device has it. */
export function sayWrite(
  { name, body }: Pick<FailedWrite, 'name' | 'body'>,
  title: string | undefined,
): string {
  if (name === 'profile.update') return 'Change the settings';
  const [kind = '', verb = ''] = name.split('.');
  const given = title ?? body?.title ?? body?.name;
  return `${verbs[verb]} ${typeof given === 'string' ? `“${given}”` : kinds[kind]}`;
}
