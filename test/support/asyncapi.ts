/** The AsyncAPI document of the events for brokers. */
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import { projectPath } from '../../src/platform/paths';

export const asyncApiText = readFileSync(projectPath('generated', 'asyncapi.json'), 'utf8');
const document = JSON.parse(asyncApiText);

// The contract's own formats are names of what patterns check.
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(document, 'events');

/** The names of the schemas of events. */
export const eventSchemas = Object.keys(document.components.messages);

/** The errors of an event, according to the schema with this name; empty if there are none. */
export function errorsOfEvent(name: string, event: unknown): string[] {
  const validate = ajv.getSchema(`events#/components/schemas/${name}`);
  if (!validate) throw new Error(`There is no schema ${name}.`);
  validate(event);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
