/** The contract's schemas for what does not come as a request's body: the rows of a file. */
import Ajv2020, { type ErrorObject } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { contractDocument } from './contract';
import { formatDetail, formats } from './formats';
import type { Schemas, ValidationError } from './operations';
import { escapePointer, patternDescriptions, validationCodes } from './validator';

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv, { mode: 'full' });
for (const [name, validate] of Object.entries(formats)) ajv.addFormat(name, validate);
ajv.addSchema(contractDocument, 'contract');

const descriptions = patternDescriptions(contractDocument);

function toValidationError({ instancePath, keyword, message, params }: ErrorObject): ValidationError {
  const property = params.missingProperty ?? params.additionalProperty;
  const described = keyword === 'pattern' ? descriptions.get(params.pattern) : formatDetail(params.format);
  return {
    pointer: property === undefined ? instancePath : `${instancePath}/${escapePointer(property)}`,
    code: validationCodes[keyword] ?? 'not-allowed',
    detail: keyword === 'required' ? 'is required' : (described ?? message ?? 'is not allowed'),
  };
}

/** Makes the check of values by a schema of the contract: every fault, with pointers into the value. */
export function createCheck(name: keyof Schemas & string): (value: unknown) => ValidationError[] {
  const validate = ajv.compile({ $ref: `contract#/components/schemas/${name}` });
  return (value) => (validate(value) ? [] : (validate.errors ?? []).map(toValidationError));
}
