/** Prompts that a user can choose in a client. They name the tools to use, and ask before changes. */
import type { McpServer, StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import { quoted } from './text';

const ask = 'Show me the changes that you suggest, and make them only after I agree.';

const message = (text: string) => ({
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }],
});

/** Registers the prompts. @param taskArgument the schema of the argument `task` */
export function registerPrompts(
  server: McpServer,
  taskArgument: StandardSchemaWithJSON<{ task: string }, { task: string }>,
): void {
  server.registerPrompt(
    'plan_my_day',
    {
      title: 'Plan my day',
      description: 'Puts the tasks of today in an order, and moves what does not fit.',
    },
    () =>
      message(
        `Plan my day. Read today's tasks with get_day. Suggest an order, with the most urgent first. If there is more than fits into a day, say which tasks could move to which day. ${ask} Use reschedule_tasks for dates.`,
      ),
  );
  server.registerPrompt(
    'weekly_review',
    {
      title: 'Weekly review',
      description: 'Looks back at the last seven days, and ahead at the next seven.',
    },
    () =>
      message(
        `Let us do my weekly review. Read what I completed in the last seven days with find_tasks (completed_after), my numbers with get_stats, what is overdue with find_tasks (view overdue), and what is due in the next seven days (due_from, due_until). Sum it up in a few lines. Then go through overdue tasks and tasks without a date (view no_date), and suggest for each to do, to reschedule or to delete. ${ask}`,
      ),
  );
  server.registerPrompt(
    'break_down_task',
    {
      title: 'Break a task down',
      description: 'Divides a task into subtasks.',
      argsSchema: taskArgument,
    },
    ({ task }) =>
      message(
        `Break a task down into 3 to 7 subtasks that I can each do in one sitting. The task is ${quoted(task)}: an id, or words of its title. Find it with find_tasks or get_task. ${ask} Then add them with add_tasks, with the id of the task as parent.`,
      ),
  );
}
