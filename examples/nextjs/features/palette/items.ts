/** What the palette finds: tasks, projects, tags and commands. Everything comes from the device. */
import type { AppContext } from '@/lib/app-context';
import type { Command } from '@/lib/commands';
import { navigate, openDetails } from '@/lib/router';
import type { Project, Tag, Task } from '@/lib/tasklane';
import { fitOf } from '@/lib/text';
import type { IconName } from '@/ui/icons';

export interface Item {
  readonly id: string;
  readonly title: string;
  /** What stands at its end. */
  readonly detail?: string | undefined;
  readonly keys?: string | undefined;
  readonly icon?: IconName;
  readonly dot?: string | null | undefined;
  readonly isDone?: boolean;
  readonly run: (app: AppContext) => void;
}

export interface Section {
  readonly title: string;
  readonly items: readonly Item[];
}

export interface Sources {
  readonly tasks: readonly Task[];
  readonly projects: readonly Project[];
  readonly tags: readonly Tag[];
  /** Those that can run now. */
  readonly commands: readonly Command[];
}

const mostTasks = 8;
const mostPlaces = 4;
const mostCommands = 6;

/** The best fitting ones first; equal ones keep their order. */
function best<T>(all: readonly T[], fit: (each: T) => number, most: number): readonly T[] {
  return all
    .map((each) => [each, fit(each)] as const)
    .filter(([, value]) => value > 0)
    .sort(([, one], [, other]) => other - one)
    .slice(0, most)
    .map(([each]) => each);
}

const commandItem = (command: Command): Item => ({
  id: command.id,
  title: command.title,
  keys: command.keys?.[0],
  run: command.run,
});

function taskItem(task: Task, projects: ReadonlyMap<string, Project>): Item {
  return {
    id: task.id,
    title: task.title,
    detail: task.project_id === null ? undefined : projects.get(task.project_id)?.name,
    icon: task.completed ? 'check' : 'ring',
    isDone: task.completed,
    run: () => openDetails(task.id),
  };
}

/** Without a query, the commands for the present task and those that lead somewhere. */
export function findItems(query: string, { tasks, projects, tags, commands }: Sources): readonly Section[] {
  if (query.trim() === '') {
    const now = commands.filter(({ group }) => group === 'Tasks');
    const places = commands.filter(({ group }) => group === 'Go to');
    const rest = commands.filter(({ group }) => group === 'App');
    return [
      { title: 'Tasks', items: now.map(commandItem) },
      { title: 'Go to', items: places.map(commandItem) },
      { title: 'App', items: rest.map(commandItem) },
    ].filter(({ items }) => items.length > 0);
  }
  const byId = new Map(projects.map((each) => [each.id, each]));
  const found = best(
    tasks,
    // A task that is still open is wanted more often, and a title fits better than a description.
    ({ title, description, completed }) => {
      const inTitle = fitOf(title, query) * 2;
      return (inTitle || (fitOf(description ?? '', query) > 0 ? 1 : 0)) - (completed ? 0.5 : 0);
    },
    mostTasks,
  );
  const places: Item[] = [
    ...best(projects, ({ name }) => fitOf(name, query), mostPlaces).map(
      ({ id, name, color }): Item => ({
        id,
        title: name,
        detail: 'Project',
        icon: 'project',
        dot: color,
        run: () => navigate(`/project/${id}`),
      }),
    ),
    ...best(tags, ({ name }) => fitOf(name, query), mostPlaces).map(
      ({ id, name }): Item => ({
        id,
        title: name,
        detail: 'Tag',
        icon: 'tag',
        run: () => navigate(`/tag/${encodeURIComponent(name)}`),
      }),
    ),
  ];
  const runnable = best(
    commands,
    ({ title, words = '' }) => Math.max(fitOf(title, query), fitOf(words, query) * 0.9),
    mostCommands,
  );
  return [
    { title: 'Tasks', items: found.map((task) => taskItem(task, byId)) },
    { title: 'Projects and tags', items: places },
    { title: 'Commands', items: runnable.map(commandItem) },
  ].filter(({ items }) => items.length > 0);
}
