import type { JsonSchema } from './schema';
import type { Reply, Workspace } from './workspace';

/** A tool for a job of an agent. Its arguments are validated against `input` before it runs. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  /** For the model. */
  readonly description: string;
  readonly scope: 'read' | 'write';
  /** Whether it can take something away from the user; absent for tools that only read or add. */
  readonly destructive?: boolean;
  /** Whether a second call with the same arguments changes nothing more. */
  readonly idempotent?: boolean;
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  /** @throws ToolError with a message for the model */
  run(workspace: Workspace, args: never): Promise<Reply>;
}

/** Makes a tool with typed arguments. */
export function tool<Args>(
  definition: Omit<Tool, 'run'> & { run(workspace: Workspace, args: Args): Promise<Reply> },
): Tool {
  return definition;
}

const text = { type: 'string' };
const whole = { type: 'integer' };
const fields = [
  'id',
  'title',
  'status',
  'completed',
  'priority',
  'due',
  'next',
  'start',
  'rrule',
  'project',
  'parent',
];

/** The schema of a list of tasks, as `taskData` makes them. */
export const taskList: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      ...Object.fromEntries(fields.map((field) => [field, text])),
      tags: { type: 'array', items: text },
    },
  },
};

/** The schema of a reply: what all replies have, and `own` properties. */
export function replySchema(own: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return {
    type: 'object',
    properties: { now: text, time_zone: text, ...own },
    required: ['now', 'time_zone'],
  };
}

/** The schema of occurrences that follow the current ones of their tasks. */
export const laterSchema: JsonSchema = { type: 'array', items: { type: 'object' } };

/** The schema of a reply with tasks. Fields without a value are left out of tasks. */
export const tasksSchema: JsonSchema = replySchema({
  shown: whole,
  total: whole,
  tasks: taskList,
  later_occurrences: laterSchema,
  next_cursor: text,
});

/** The schema of a reply to a write of tasks. */
export const writtenSchema: JsonSchema = replySchema({
  shown: whole,
  total: whole,
  tasks: taskList,
  request: text,
});
