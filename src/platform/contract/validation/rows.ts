/**
 * Validates values that are not request bodies, such as the rows of an imported file, against schemas of the
 * contract.
 */
import Ajv2020, { type ErrorObject } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { contractDocument } from '../document/contract';
import type { Schemas, ValidationError } from '../document/operations';
import { maxErrors, shortenError } from '../document/validation-errors';
import { createExcerpter } from './excerpt';
import { formats } from './formats';
import { mostTelling, type SchemaError, wording } from './schema-errors';
import { escapePointer, patternDescriptions, validationCodes } from './validator';

function createAjv(allErrors: boolean): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, strictNumbers: true, allErrors });
  addFormats(ajv, { mode: 'full' });
  for (const [name, validate] of Object.entries(formats)) ajv.addFormat(name, validate);
  ajv.addSchema(contractDocument, 'contract');
  return ajv;
}

/** Makes a function that computes its value at the first call, and returns it at every later one. */
function once<T>(compute: () => T): () => T {
  let value: { readonly of: T } | undefined;
  return () => {
    value ??= { of: compute() };
    return value.of;
  };
}

// Compiling the schemas takes a tenth of a second, and most instances import nothing for hours.
const untilFirst = once(() => createAjv(false));
const toTheEnd = once(() => createAjv(true));
const descriptions = once(() => patternDescriptions(contractDocument));

function toValidationError({ instancePath, keyword, message = '', params }: ErrorObject): SchemaError {
  const property = params.missingProperty ?? params.additionalProperty;
  // As express-openapi-validator does.
  const values = keyword === 'enum' ? `: ${params.allowedValues.join(', ')}` : '';
  return {
    keyword,
    pointer: property === undefined ? instancePath : `${instancePath}/${escapePointer(property)}`,
    code: validationCodes[keyword] ?? 'not-allowed',
    detail: wording(keyword, message + values, descriptions()),
  };
}

/**
 * Makes the check of values against a schema of the contract. It returns at most 100 validation errors, with pointers
 * into the value. The schema is compiled at the first check.
 */
export function createCheck(name: keyof Schemas & string): (value: unknown) => ValidationError[] {
  const local = `#/components/schemas/${name}`;
  const schema = { $ref: `contract${local}` };
  const check = once(() => untilFirst().compile(schema));
  const collect = once(() => toTheEnd().compile(schema));
  const excerptOf = once(() => createExcerpter(contractDocument, { $ref: local }));
  return (value) => {
    if (check()(value)) return [];
    const first = check().errors ?? [];
    const found = collect()(excerptOf()(value).value) ? first : (collect().errors ?? first);
    return mostTelling(found.map(toValidationError)).slice(0, maxErrors).map(shortenError);
  };
}
