/** Validates the arguments of tools, with errors that tell a model what to change. */
import Ajv2020, { type ErrorObject } from 'ajv/dist/2020';
import type { JsonSchema } from './schema';

const dateFields = new Set(['due_date', 'due_time', 'time_zone', 'start_date', 'start_time']);
const mostErrors = 10;

/** `/tasks/0/title` → `tasks[0].title`. */
function nameOf(path: string): string {
  return path
    .slice(1)
    .split('/')
    .map((token, index) => (/^\d+$/.test(token) ? `[${token}]` : (index === 0 ? '' : '.') + token))
    .join('');
}

function explain({ instancePath, keyword, params, message = '', parentSchema }: ErrorObject): string {
  const at = nameOf(instancePath);
  const named = (name: string) => (at === '' ? name : `${at}.${name}`);
  if (keyword === 'required') return `${named(params.missingProperty)}: is required.`;
  if (keyword === 'additionalProperties') {
    const name: string = params.additionalProperty;
    const advice = dateFields.has(name)
      ? 'Use reschedule_tasks to change dates and times.'
      : `The arguments here are ${Object.keys(parentSchema?.properties ?? {}).join(', ') || 'none'}.`;
    return `${named(name.slice(0, 60))}: is not an argument. ${advice}`;
  }
  if (keyword === 'enum') return `${at}: must be one of ${params.allowedValues.join(', ')}.`;
  return `${at === '' ? 'The arguments' : at}: ${message}.`;
}

/**
 * Makes the validators of arguments. The arguments can be anything that the schema of the tool allows; the contract
 * then checks the rest, such as lengths.
 */
export function createArgumentCheck(): (schema: JsonSchema) => (args: unknown) => string | null {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, verbose: true });
  return (schema) => {
    const validate = ajv.compile(schema);
    return (args) => {
      if (validate(args)) return null;
      return (validate.errors ?? []).slice(0, mostErrors).map(explain).join('\n');
    };
  };
}
