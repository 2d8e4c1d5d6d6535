/** Checks an operation's requests and responses against the contract. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Contract, OpenApiDocument, Operation } from '../document/contract';
import type { OperationId, ValidationError } from '../document/operations';
import { createExcerpter } from './excerpt';
import { mostTelling, type SchemaError, wording } from './schema-errors';
import { createDocumentValidators, type DocumentValidators } from './schemas';

/** A fault as express-openapi-validator reports it. */
export interface ReportedFault {
  path: string;
  message: string;
  errorCode?: string;
}

/** The faults of a request. */
export interface RequestFaults {
  readonly errors: ValidationError[];
  /** How many faults there are beside these. */
  readonly errors_omitted: number;
}

/** Checks one operation's requests and responses. */
export interface OperationValidator {
  /** The faults of the request, none if it has none. Coerces parameters and fills in defaults as it goes. */
  checkRequest(request: Request, response: Response): Promise<RequestFaults>;
  /** From here on `response.json` checks what it sends; a response that breaks the contract goes to `next`. */
  watchResponse(request: Request, response: Response, next: NextFunction): Promise<void>;
}

export interface ValidatorOptions {
  /** Called with a response that breaks the contract; if it returns, the response is sent all the same. */
  onInvalidResponse(operation: Operation, faults: ReportedFault[]): void;
}

/** Runs a middleware to its `next`; rejects with what it passes on or throws. */
export function run(middleware: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
    try {
      Promise.resolve(middleware(request, response, next)).catch(reject);
    } catch (error) {
      reject(error);
    }
  });
}

/** What the contract calls the fault of a JSON Schema keyword. */
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

/** What patterns ask for: Ajv names the pattern, people want to know what it stands for. */
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

/** RFC 6901 escaping of one reference token. */
export function escapePointer(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * The pointer to a property that should not be there. The validator glues the property's name to the pointer of its
 * object as it is, so a name with `/` or `~` in it is told from a path by what the request has.
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

function pointerOf(fault: ReportedFault, keyword: string, request: Request): string {
  if (validationCodes[keyword] === 'unknown') return unknownPointer(fault.path, request.body);
  return fault.path.replace(/^\/params(?=\/)/, '/path');
}

function toValidationError(
  fault: ReportedFault,
  descriptions: ReadonlyMap<string, string>,
  request: Request,
): SchemaError {
  const keyword = fault.errorCode?.split('.')[0] ?? '';
  return {
    keyword,
    pointer: pointerOf(fault, keyword, request),
    code: validationCodes[keyword] ?? 'not-allowed',
    detail: wording(keyword, fault.message, descriptions),
  };
}

/**
 * Takes the query parameters that the operation does not have out of the request, and reports them. The validator would
 * report one of them, and fails on names such as `status[x]`.
 */
function takeUnknownParameters(operation: Operation, request: Request): ValidationError[] {
  const entries = Object.entries(request.query);
  const known = entries.filter(([name]) => operation.queryNames.has(name));
  // Express parses the query anew each time that it is read.
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

// The validator notices a missing body only where the body's schema requires a property.
function missingBody(operation: Operation, request: Request): ValidationError[] {
  return operation.bodyRequired && request.body === undefined
    ? [{ pointer: '/body', code: 'required', detail: 'is required' }]
    : [];
}

/** What a check reports; empty if it finds no fault. @throws what is no fault of the request. */
async function faultsOf(
  check: RequestHandler,
  request: Request,
  response: Response,
): Promise<ReportedFault[]> {
  try {
    await run(check, request, response);
    return [];
  } catch (error) {
    const { status, errors } = error as { status?: number; errors?: ReportedFault[] };
    if (status !== 400 || !errors) throw error;
    return errors;
  }
}

// That a `then` was not met says nothing that its own faults don't.
const isTelling = ({ errorCode }: ReportedFault) => !errorCode?.startsWith('if.');

/** Makes the function that collects the faults of a request from an excerpt of it, and counts those outside of it. */
function createCollector(contract: Contract, operation: Operation, validators: DocumentValidators) {
  const check = validators.collectFaults(operation);
  const excerpters = new Map(
    [...operation.inputSchemas].map(([type, schema]) => [type, createExcerpter(contract.document, schema)]),
  );
  return async (request: Request, response: Response) => {
    const { method, headers, originalUrl, path, query, params, body } = request;
    const excerpt = excerpters.get(headers['content-type'])?.({ query, params, body });
    if (!excerpt) throw new Error(`No schema of ${operation.id} is for ${headers['content-type']}.`);
    const excerpted = { method, headers, originalUrl, path, ...(excerpt.value as object) } as Request;
    const faults = await faultsOf(check, excerpted, response);
    return { faults: faults.filter(isTelling), omitted: excerpt.omitted };
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
      const first = await faultsOf(check, request, response);
      if (first.length === 0) return { errors: own, errors_omitted: 0 };
      const { faults, omitted } = await collect(request, response);
      const errors = (faults.length > 0 ? faults : first).map((each) =>
        toValidationError(each, descriptions, request),
      );
      return { errors: mostTelling([...own, ...errors]), errors_omitted: omitted };
    },
    watchResponse(request, response, next) {
      return new Promise((resolve, reject) => {
        // It calls this once when it is in place, and again with an error when the response breaks the contract.
        const proceed = (error?: unknown): void => (error === undefined ? resolve() : next(error));
        Promise.resolve(watch(request, response, proceed)).catch(reject);
      });
    },
  };
}

// It never reaches a handler.
function sampleRequest(operation: Operation, mediaType: string | undefined): Request {
  return {
    method: operation.method.toUpperCase(),
    originalUrl: operation.path,
    query: {},
    params: {},
    headers: mediaType === undefined ? {} : { 'content-type': mediaType },
  } as unknown as Request;
}

// Validators are compiled at first use; done here, a schema that does not compile fails the start.
async function warm(operation: Operation, validator: OperationValidator): Promise<void> {
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
 * Makes a validator for every operation, compiled and ready.
 * @throws if the document is not valid OpenAPI or one of its schemas does not compile.
 */
export async function createValidators(
  contract: Contract,
  options: ValidatorOptions,
): Promise<ReadonlyMap<OperationId, OperationValidator>> {
  let ready = false;
  const validators = createDocumentValidators(contract, (error, operation) => {
    // What warms the validators up is no response of ours.
    if (!ready) return;
    const { errors, message } = error as { errors?: ReportedFault[]; message: string };
    options.onInvalidResponse(operation, errors ?? [{ path: '/response', message }]);
  });
  const descriptions = patternDescriptions(contract.document);
  const byId = new Map<OperationId, OperationValidator>();
  for (const operation of contract.operations) {
    const validator = createValidator(contract, operation, validators, descriptions);
    await warm(operation, validator);
    byId.set(operation.id, validator);
  }
  ready = true;
  return byId;
}
