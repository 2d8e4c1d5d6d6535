/** Quick tasks: creates a task from a sentence, as `createTask` does from fields. */
import { v7 as uuidv7 } from 'uuid';
import { localPoint } from '../../domain/recurrence/point';
import { type AnyLanguage, type Language, loadParser, type Parser, sayRule } from '../../domain/words';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { inBody } from '../../platform/contract/document/validation-errors';
import type { Handlers } from '../../platform/contract/http/call';
import type { Lane } from '../../platform/database/lane';
import { findTimeZone } from '../profile/repository';
import { listProjectNames } from '../projects/repository';
import { createTask } from '../tasks/commands';
import { addressOf, toTask } from '../tasks/mapper';

const maxTitleLength = 200;

const parsers = new Map<AnyLanguage | undefined, Promise<Parser>>();

function parserOf(language: AnyLanguage | undefined): Promise<Parser> {
  let parser = parsers.get(language);
  if (!parser) {
    parser = loadParser(language);
    parsers.set(language, parser);
  }
  return parser;
}

/** What a text became: the fields of the task, and the rest of the reply. */
interface Reading {
  readonly fields: Schemas['QuickTaskFields'];
  readonly reading: Omit<Schemas['QuickTaskResult'], 'task' | 'fields'>;
}

/** Reads a text, with the projects and the time zone of the lane. */
async function read(lane: Lane, parse: Parser, { text, time_zone }: Schemas['QuickTask']): Promise<Reading> {
  const zone = time_zone ?? (await findTimeZone(lane));
  const projects = text.includes('#') ? await listProjectNames(lane) : [];
  const now = Date.now();
  const parsed = parse(text, {
    localTime: (minutesLater) => localPoint(zone, new Date(now + minutesLater * 60_000)),
    projects: projects.map(({ name }) => name),
  });
  const { project, repeat_from, tags, reminders, ...fields } = parsed.fields;
  const repeatFrom = repeat_from ?? 'schedule';
  return {
    fields: {
      ...fields,
      project_id: projects.find(({ name }) => name === project)?.id ?? null,
      tags: [...tags],
      reminders: reminders.map((reminder) => ({ ...emptyReminder, ...reminder })),
      time_zone: fields.due_time === null ? null : zone,
      repeat_from: repeatFrom,
    },
    reading: {
      language: parsed.language,
      // Only English and German have rules.
      rrule_text: fields.rrule && sayRule(fields.rrule, parsed.language as Language, repeatFrom),
      pieces: [...parsed.pieces],
      left: [...parsed.left],
    },
  };
}

const emptyReminder = { at: null, minutes_before_due: null, days_before_due: null, time: null };

/** The fields of a new task that a text cannot say. */
const unsaid = {
  parent_id: null,
  description: null,
  start_date: null,
  start_time: null,
  excluded_dates: [],
  links: [],
};

const longTitle: ValidationError = {
  pointer: '/text',
  code: 'too-long',
  detail: `must leave a title of at most ${maxTitleLength} characters`,
};

/** The errors of the fields that the schemas of the contract forbid. */
const errorsOf = ({ title }: Reading['fields']) => ([...title].length > maxTitleLength ? [longTitle] : []);

export const quickHandlers: Pick<Handlers, 'createQuickTask'> = {
  async createQuickTask(call) {
    const parse = await parserOf(call.body.language);
    if (call.body.dry_run) {
      const { fields, reading } = await call.lane.read((lane) => read(lane, parse, call.body));
      const errors = errorsOf(fields);
      if (errors.length > 0) return call.fail('validation-failed', { errors: inBody(errors) });
      return call.reply(200, { task: null, fields, ...reading });
    }
    const { outcome, result } = await call.lane.write(
      async (lane) => {
        const result = await read(lane, parse, call.body);
        const errors = errorsOf(result.fields);
        const { priority, ...fields } = result.fields;
        const body = { ...unsaid, ...fields, ...(priority && { priority }), id: uuidv7() };
        return { result, outcome: errors.length > 0 ? { errors } : await createTask(lane, body) };
      },
      { finishes: true },
    );
    if (outcome === 'id-taken') throw new Error('A random id is taken.');
    if ('errors' in outcome) return call.fail('validation-failed', { errors: inBody(outcome.errors) });
    const task = toTask(call.lane.userId, outcome);
    return call.reply(
      201,
      { task, fields: result.fields, ...result.reading },
      {
        Location: addressOf(call.lane.userId, task.id),
      },
    );
  },
};
