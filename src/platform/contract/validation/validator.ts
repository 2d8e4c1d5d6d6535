/** Validates the requests and responses of operations against the contract. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Contract, OpenApiDocument, Operation } from '../document/contract';
import type { OperationId, ValidationError } from '../document/operations';
import { createExcerpter } from './excerpt';
import { mostTelling, type SchemaError, wording } from './schema-errors';
import { createDocumentValidators, type DocumentValidators } from './schemas';

/** An error as express-openapi-validator reports it. */
export interface ReportedError {
  path: string;
  message: string;
  errorCode?: string;
}

/** The validation errors of a request. */
export interface RequestErrors {
  readonly errors: ValidationError[];
  /** The number of further errors, which are not in `errors`. */
  readonly errors_omitted: number;
}

/** Validates one operation's requests and responses. */
export interface OperationValidator {
  /**
   * Returns the validation errors of the request; empty if it is valid. Also coerces parameters and fills in
   * defaults.
   */
  checkRequest(request: Request, response: Response): Promise<RequestErrors>;
  /** Makes `response.json` validate what it sends. A response that violates the contract goes to `next` as an error. */
  watchResponse(request: Request, response: Response, next: NextFunction): Promise<void>;
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

function pointerOf(error: ReportedError, keyword: string, request: Request): string {
  if (validationCodes[keyword] === 'unknown') return unknownPointer(error.path, request.body);
  return error.path.replace(/^\/params(?=\/)/, '/path');
}

function toValidationError(
  error: ReportedError,
  descriptions: ReadonlyMap<string, string>,
  request: Request,
): SchemaError {
  const keyword = error.errorCode?.split('.')[0] ?? '';
  return {
    keyword,
    pointer: pointerOf(error, keyword, request),
    code: validationCodes[keyword] ?? 'not-allowed',
    detail: wording(keyword, error.message, descriptions),
  };
}

/**
 * Removes unknown query parameters from the request, and returns an error for each. The validator would report only
 * one, and fails on names such as `status[x]`.
 */
function takeUnknownParameters(operation: Operation, request: Request): ValidationError[] {
  const entries = Object.entries(request.query);
  const known = entries.filter(([name]) => operation.queryNames.has(name));
  // Express would parse the query again at each access.
  Object.defineProperty(request, 'query', {
    value: Object.fromEntries(known),
    writable: true,
    configurable: true,
  });
  return entries
    .filter(([name]) => !operation.queryNames.has(name))
    .map(([name]) => ({
      pointer: `/query/${escapePointer(name)}`,
      code: 'unknown',
      detail: 'is not a parameter of this operation',
    }));
}

// The validator reports a missing body only if the schema of the body requires a property.
function missingBody(operation: Operation, request: Request): ValidationError[] {
  return operation.bodyRequired && request.body === undefined
    ? [{ pointer: '/body', code: 'required', detail: 'is required' }]
    : [];
}

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

/**
 * Makes the function that collects all errors of an excerpt of a request, and counts the errors outside of the
 * excerpt.
 */
function createCollector(contract: Contract, operation: Operation, validators: DocumentValidators) {
  const check = validators.collectErrors(operation);
  const excerpters = new Map(
    [...operation.inputSchemas].map(([type, schema]) => [type, createExcerpter(contract.document, schema)]),
  );
  return async (request: Request, response: Response) => {
    const { method, headers, originalUrl, path, query, params, body } = request;
    const excerpt = excerpters.get(headers['content-type'])?.({ query, params, body });
    if (!excerpt) throw new Error(`No schema of ${operation.id} is for ${headers['content-type']}.`);
    const excerpted = { method, headers, originalUrl, path, ...(excerpt.value as object) } as Request;
    const errors = await errorsOf(check, excerpted, response);
    return { errors: errors.filter(isInformative), omitted: excerpt.omitted };
  };
}

function createValidator(
  contract: Contract,
  operation: Operation,
  validators: DocumentValidators,
  descriptions: ReadonlyMap<string, string>,
): OperationValidator {
  const check = validators.checkRequest(operation);
  const collect = createCollector(contract, operation, validators);
  const watch = validators.watchResponse(operation);
  return {
    async checkRequest(request, response) {
      const own = [...takeUnknownParameters(operation, request), ...missingBody(operation, request)];
      const first = await errorsOf(check, request, response);
      if (first.length === 0) return { errors: own, errors_omitted: 0 };
      const { errors: found, omitted } = await collect(request, response);
      const errors = (found.length > 0 ? found : first).map((each) =>
        toValidationError(each, descriptions, request),
      );
      return { errors: mostTelling([...own, ...errors]), errors_omitted: omitted };
    },
    watchResponse(request, response, next) {
      return new Promise((resolve, reject) => {
        // The validator calls this once when it is ready, and again with an error if the response violates the
        // contract.
        const proceed = (error?: unknown): void => (error === undefined ? resolve() : next(error));
        Promise.resolve(watch(request, response, proceed)).catch(reject);
      });
    },
  };
}

// A request that compiles the validators. It never reaches a handler.
function sampleRequest(operation: Operation, mediaType: string | undefined): Request {
  return {
    method: operation.method.toUpperCase(),
    originalUrl: operation.path,
    query: {},
    params: {},
    headers: mediaType === undefined ? {} : { 'content-type': mediaType },
  } as unknown as Request;
}

// Validators compile at first use. Done here, a schema that does not compile fails the start.
async function compileValidators(operation: Operation, validator: OperationValidator): Promise<void> {
  for (const mediaType of [undefined, ...operation.mediaTypes]) {
    if (mediaType === undefined && operation.bodyRequired) continue;
    await validator.checkRequest(sampleRequest(operation, mediaType), {} as Response);
  }
  for (const statusCode of operation.statuses) {
    const response = { statusCode, getHeaders: () => ({}), json: () => undefined } as unknown as Response;
    await validator.watchResponse(sampleRequest(operation, undefined), response, () => undefined);
    response.json({});
  }
}

/**
 * Makes a compiled validator for each operation.
 * @throws if the document is not valid OpenAPI or a schema does not compile
 */
export async function createValidators(
  contract: Contract,
  options: ValidatorOptions,
): Promise<ReadonlyMap<OperationId, OperationValidator>> {
  let ready = false;
  const validators = createDocumentValidators(contract, (error, operation) => {
    // The sample responses of the compilation are not reported.
    if (!ready) return;
    const { errors, message } = error as { errors?: ReportedError[]; message: string };
    options.onInvalidResponse(operation, errors ?? [{ path: '/response', message }]);
  });
  const descriptions = patternDescriptions(contract.document);
  const byId = new Map<OperationId, OperationValidator>();
  for (const operation of contract.operations) {
    const validator = createValidator(contract, operation, validators, descriptions);
    await compileValidators(operation, validator);
    byId.set(operation.id, validator);
  }
  ready = true;
  return byId;
}
