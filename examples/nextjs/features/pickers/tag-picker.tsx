'use client';
import { useApp } from '@/features/shell/app-provider';
import { nameOf } from '@/lib/actions';
import { useTags, useTasks } from '@/lib/tasklane';
import { ChoicePopover } from './choice';

declare module '@/lib/overlays' {
  interface Overlays {
    'pick-tags': { readonly taskIds: readonly string[]; readonly anchor?: Element | null | undefined };
  }
}

/** Adds tags to tasks, and removes them. It stays open. */
export function TagPicker({
  taskIds,
  anchor,
  onClose,
}: {
  taskIds: readonly string[];
  anchor?: Element | null | undefined;
  onClose: () => void;
}) {
  const app = useApp();
  const tasks = useTasks({ id: [...taskIds], include_archived: true }) ?? [];
  const stored = useTags() ?? [];
  const names = [...new Set([...stored.map(({ name }) => name), ...tasks.flatMap(({ tags }) => tags)])];
  const has = (name: string) => tasks.length > 0 && tasks.every(({ tags }) => tags.includes(name));
  function toggle(name: string) {
    const isRemoved = has(name);
    app.actions.update(
      tasks,
      ({ tags }) => ({
        tags: isRemoved ? tags.filter((each) => each !== name) : [...new Set([...tags, name])],
      }),
      `${isRemoved ? 'Removed' : 'Added'} the tag ${name} ${isRemoved ? 'from' : 'to'} ${nameOf(tasks)}`,
    );
  }
  return (
    <ChoicePopover
      label="Tags"
      placeholder="Add a tag…"
      anchor={anchor}
      choices={names.map((name) => ({ id: name, title: name, icon: 'tag', isChosen: has(name) }))}
      create={{ label: (name) => `New tag “${name}”`, run: toggle }}
      onChoose={toggle}
      onClose={onClose}
    />
  );
}
