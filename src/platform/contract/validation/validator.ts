/** Validates the requests and responses of operations against the contract. */
import { parse as parseQuery } from 'node:querystring';
import type { Request, RequestHandler, Response } from 'express';
import { type Contract, contractDocument, type OpenApiDocument, type Operation } from '../document/contract';
import type { OperationId, ValidationError } from '../document/operations';
import { createExcerpter } from './excerpt';
import { mostTelling, type SchemaError, wording } from './schema-errors';
import {
  assertValid,
  type BodyCheck,
  createDocumentValidators,
  type DocumentValidators,
  type Input,
  type InputCheck,
  type ReportedError,
} from './schemas';

export type { Input } from './schemas';

/** The validation errors of a request. */
export interface RequestErrors {
  readonly errors: ValidationError[];
  /** The number of further errors, which are not in `errors`. */
  readonly errors_omitted: number;
}

/** Validates one operation's requests and responses. */
export interface OperationValidator {
  /** The query without unknown parameters, and an error for each unknown parameter. */
  takeQuery(text: string): { query: Input['query']; unknown: ValidationError[] };
  /**
   * Returns the validation errors of the request; null if it is valid. Also coerces parameters and fills in defaults.
   */
  checkRequest(
    request: Request,
    response: Response,
    input: Input,
    unknown: readonly ValidationError[],
  ): Promise<RequestErrors> | null;
  /** Reports a response body that violates the contract, see `ValidatorOptions`. */
  checkResponse(status: number, body: unknown): void;
}

export interface ValidatorOptions {
  /** Called for a response that violates the contract. If it returns, the response is sent anyway. */
  onInvalidResponse(operation: Operation, errors: ReportedError[]): void;
}

/** Runs a middleware until it calls `next`. Rejects with the error that it passes on or throws. */
export function runMiddleware(
  middleware: RequestHandler,
  request: Request,
  response: Response,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
    try {
      Promise.resolve(middleware(request, response, next)).catch(reject);
    } catch (error) {
      reject(error);
    }
  });
}

/** The contract's code of a validation error, by JSON Schema keyword. */
export const validationCodes: Readonly<Record<string, ValidationError['code']>> = {
  required: 'required',
  additionalProperties: 'unknown',
  unevaluatedProperties: 'unknown',
  type: 'wrong-type',
  format: 'wrong-format',
  pattern: 'wrong-format',
  minLength: 'too-short',
  minItems: 'too-short',
  minProperties: 'too-short',
  maxLength: 'too-long',
  maxItems: 'too-long',
  maxProperties: 'too-long',
  minimum: 'too-small',
  exclusiveMinimum: 'too-small',
  maximum: 'too-large',
  exclusiveMaximum: 'too-large',
  uniqueItems: 'duplicate',
};

/**
 * The descriptions of patterns (`x-pattern-description`), by pattern. Ajv's message has only the pattern, which does
 * not help people.
 */
export function patternDescriptions(document: OpenApiDocument): ReadonlyMap<string, string> {
  const descriptions = new Map<string, string>();
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    const { pattern, 'x-pattern-description': description } = node as Record<string, unknown>;
    if (typeof pattern === 'string' && typeof description === 'string')
      descriptions.set(pattern, description);
    for (const child of Object.values(node)) visit(child);
  };
  visit(document);
  return descriptions;
}

/** Escapes one reference token of a JSON pointer (RFC 6901). */
export function escapePointer(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * The pointer to an unknown property. The validator appends the property's name to the pointer without escaping it.
 * If the name has `/` or `~`, the request's body shows where the path ends and the name begins.
 */
function unknownPointer(path: string, body: unknown): string {
  let node = body;
  let pointer = '/body';
  let rest = path.slice('/body/'.length);
  for (;;) {
    const [token = ''] = rest.split('/', 1);
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    const child = Object.hasOwn(Object(node), name) ? (node as Record<string, unknown>)[name] : undefined;
    if (rest === token || typeof child !== 'object') return `${pointer}/${escapePointer(rest)}`;
    node = child;
    pointer += `/${token}`;
    rest = rest.slice(token.length + 1);
  }
}

function pointerOf(error: ReportedError, keyword: string, body: unknown): string {
  if (validationCodes[keyword] === 'unknown') return unknownPointer(error.path, body);
  return error.path.replace(/^\/params(?=\/)/, '/path');
}

function toValidationError(
  error: ReportedError,
  descriptions: ReadonlyMap<string, string>,
  body: unknown,
): SchemaError {
  const keyword = error.errorCode?.split('.')[0] ?? '';
  return {
    keyword,
    pointer: pointerOf(error, keyword, body),
    code: validationCodes[keyword] ?? 'not-allowed',
    detail: wording(keyword, error.message, descriptions),
  };
}

// The validator would report only one unknown parameter, and fails on names such as `status[x]`.
const unknownParameter = (name: string): ValidationError => ({
  pointer: `/query/${escapePointer(name)}`,
  code: 'unknown',
  detail: 'is not a parameter of this operation',
});

/** Parses the query of an address and separates its unknown parameters. */
function takeQuery({ queryNames }: Operation, text: string): ReturnType<OperationValidator['takeQuery']> {
  const query: Input['query'] = {};
  const unknown: ValidationError[] = [];
  if (text === '') return { query, unknown };
  const all = parseQuery(text);
  for (const name in all) {
    if (queryNames.has(name)) query[name] = all[name];
    else unknown.push(unknownParameter(name));
  }
  return { query, unknown };
}

// The validator reports a missing body only if the schema of the body requires a property.
const missingBody: ValidationError = { pointer: '/body', code: 'required', detail: 'is required' };

/**
 * Runs a check and returns its errors; empty if the request is valid. @throws any error that is not a validation
 * error
 */
async function errorsOf(
  check: RequestHandler,
  request: Request,
  response: Response,
): Promise<ReportedError[]> {
  try {
    await runMiddleware(check, request, response);
    return [];
  } catch (error) {
    const { status, errors } = error as { status?: number; errors?: ReportedError[] };
    if (status !== 400 || !errors) throw error;
    return errors;
  }
}

// A failed `if` adds no information: the errors of its `then` are reported too.
const isInformative = ({ errorCode }: ReportedError) => !errorCode?.startsWith('if.');

/** The validator of one operation. It compiles the schemas that it needs at their first use. */
class Validator implements OperationValidator {
  // By the media type of the body, which is one of the contract's.
  private readonly inputs = new Map<string | undefined, InputCheck>();
  private readonly excerpters = new Map<string | undefined, ReturnType<typeof createExcerpter>>();
  private readonly bodies = new Map<number, BodyCheck | undefined>();

  constructor(
    private readonly contract: Contract,
    private readonly operation: Operation,
    private readonly validators: DocumentValidators,
    private readonly descriptions: ReadonlyMap<string, string>,
    private readonly options: ValidatorOptions,
  ) {}

  takeQuery(text: string): ReturnType<OperationValidator['takeQuery']> {
    return takeQuery(this.operation, text);
  }

  checkRequest(
    request: Request,
    response: Response,
    input: Input,
    unknown: readonly ValidationError[],
  ): Promise<RequestErrors> | null {
    const type = input.headers['content-type'];
    const isMissing = this.operation.bodyRequired && input.body === undefined;
    const first = this.inputCheck(type)(input);
    if (first === null && !isMissing && unknown.length === 0) return null;
    const own = isMissing ? [...unknown, missingBody] : unknown;
    return this.collect(request, response, input, own, first ?? []);
  }

  private inputCheck(type: string | undefined): InputCheck {
    let check = this.inputs.get(type);
    if (!check) {
      check = this.validators.compileInput(this.operation, type);
      this.inputs.set(type, check);
    }
    return check;
  }

  /** Collects all errors of an excerpt of a request, and counts the errors outside of the excerpt. */
  private async collect(
    request: Request,
    response: Response,
    input: Input,
    own: readonly ValidationError[],
    first: ReportedError[],
  ): Promise<RequestErrors> {
    if (first.length === 0) return { errors: [...own], errors_omitted: 0 };
    const { method, originalUrl, path } = request;
    const { headers, query, params, body } = input;
    const excerpt = this.excerpter(headers['content-type'])({ query, params, body });
    const excerpted = { method, headers, originalUrl, path, ...(excerpt.value as object) } as Request;
    const all = await errorsOf(this.validators.collectErrors(this.operation), excerpted, response);
    const isOwn = ({ path }: ReportedError) => !this.operation.acceptsOthers || !/^\/body(\/|$)/.test(path);
    const found = all.filter((each) => isInformative(each) && isOwn(each));
    const errors = (found.length > 0 ? found : first).map((each) =>
      toValidationError(each, this.descriptions, body),
    );
    return { errors: mostTelling([...own, ...errors]), errors_omitted: excerpt.omitted };
  }

  private excerpter(type: string | undefined): ReturnType<typeof createExcerpter> {
    const known = this.excerpters.get(type);
    if (known) return known;
    const schema = this.operation.inputSchemas.get(type);
    if (!schema) throw new Error(`No schema of ${this.operation.id} is for ${type}.`);
    const made = createExcerpter(this.contract.document, schema);
    this.excerpters.set(type, made);
    return made;
  }

  checkResponse(status: number, body: unknown): void {
    if (this.bodyCheck(status)?.(body)) return;
    const errors = this.validators.bodyErrors(this.operation, status, body);
    if (errors.length > 0) this.options.onInvalidResponse(this.operation, errors);
  }

  private bodyCheck(status: number): BodyCheck | undefined {
    if (this.bodies.has(status)) return this.bodies.get(status);
    const check = this.validators.compileBody(this.operation, status);
    this.bodies.set(status, check);
    return check;
  }

  /** Compiles all schemas of the operation. @throws if one does not compile */
  compile(): void {
    for (const type of [undefined, ...this.operation.mediaTypes]) {
      if (type !== undefined || !this.operation.bodyRequired) this.inputCheck(type);
    }
    for (const status of this.operation.statuses) this.bodyCheck(status);
  }
}

function makeValidators(contract: Contract, options: ValidatorOptions): Map<OperationId, Validator> {
  const validators = createDocumentValidators(contract);
  const descriptions = patternDescriptions(contract.document);
  return new Map(
    contract.operations.map((operation) => [
      operation.id,
      new Validator(contract, operation, validators, descriptions, options),
    ]),
  );
}

/** @throws if the document is not valid OpenAPI, or a schema does not compile */
export function assertServable(contract: Contract): void {
  assertValid(contract.document);
  const validators = makeValidators(contract, { onInvalidResponse: () => undefined });
  for (const validator of validators.values()) validator.compile();
}

/**
 * Makes a validator for each operation. The bundled contract is taken as it is, because `npm run generate` checks it,
 * and its schemas are compiled when a request first needs them: all together would take a quarter of a second and 20
 * MB.
 * @throws if another document is not valid OpenAPI, or a schema does not compile
 */
export function createValidators(
  contract: Contract,
  options: ValidatorOptions,
): ReadonlyMap<OperationId, OperationValidator> {
  if (contract.document !== contractDocument) assertServable(contract);
  const validators = makeValidators(contract, options);
  // The first compilation takes the longest, because it also makes the compilers.
  const [first] = validators.values();
  setImmediate(() => first?.compile());
  return validators;
}
