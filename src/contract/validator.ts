/**
 * Express-openapi-validator, one instance a path. Given the whole document it would look each request up by compiling
 * a pattern for every path, and take time that is quadratic in the number of operations to start.
 */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import * as OpenApiValidator from 'express-openapi-validator';
import type { Contract, OpenApiDocument, Operation } from './contract';
import { resolve } from './contract';
import { formats } from './formats';
import type { OperationId, ValidationError } from './operations';

/** A fault as express-openapi-validator reports it. */
export interface ReportedFault {
  path: string;
  message: string;
  errorCode?: string;
}

/** Checks one operation's requests and responses. */
export interface OperationValidator {
  /** Every fault of the request, empty if it has none. Coerces parameters and fills in defaults as it goes. */
  checkRequest(request: Request, response: Response): Promise<ValidationError[]>;
  /** From here on `response.json` checks what it sends; a response that breaks the contract goes to `next`. */
  watchResponse(request: Request, response: Response, next: NextFunction): Promise<void>;
}

export interface ValidatorOptions {
  /** Called with a response that breaks the contract; if it returns, the response is sent all the same. */
  onInvalidResponse(operation: Operation, faults: ReportedFault[]): void;
}

/** What express-openapi-validator remembers of a request's route. */
interface RouteMetadata {
  pathParams: Record<string, string>;
}

type ValidatedRequest = Request & { openapi?: RouteMetadata };

interface Middlewares {
  readonly pathParams: RequestHandler;
  readonly metadata: RequestHandler;
  readonly request: RequestHandler;
  readonly response: RequestHandler;
}

/** The document with one path, and only the components that it leads to. */
function documentOf(document: OpenApiDocument, path: string): OpenApiDocument {
  const item = structuredClone(document.paths?.[path]);
  const components: Record<string, Record<string, unknown>> = {};
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    const reference = (node as { $ref?: unknown }).$ref;
    if (typeof reference === 'string') {
      const [, , kind = '', name = ''] = reference.split('/');
      components[kind] ??= {};
      if (!(name in components[kind])) {
        components[kind][name] = structuredClone(resolve(document, node));
        visit(components[kind][name]);
      }
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(item);
  openQueryParameters(item);
  openQueryParameters(components.parameters);
  return {
    openapi: document.openapi,
    info: document.info,
    paths: { [path]: item },
    components,
  } as unknown as OpenApiDocument;
}

// Left closed, the validator refuses reserved characters (`a+b`, the colons of a date) and empty values before it looks
// at the schema, one at a time.
function openQueryParameters(node: unknown): void {
  if (node === null || typeof node !== 'object') return;
  if ((node as { in?: unknown }).in === 'query') {
    Object.assign(node, { allowReserved: true, allowEmptyValue: true });
    return;
  }
  for (const child of Object.values(node)) openQueryParameters(child);
}

function installValidator(
  document: OpenApiDocument,
  onInvalidResponse: (error: unknown) => void,
): Middlewares {
  const middlewares = OpenApiValidator.middleware({
    apiSpec: document,
    validateApiSpec: false, // `assertValid` did, all of it at once.
    // Unknown parameters never get this far.
    validateRequests: { allErrors: true, allowUnknownQueryParameters: true },
    validateResponses: { allErrors: true, onError: onInvalidResponse },
    validateSecurity: false,
    fileUploader: false,
    ajvFormats: { mode: 'full' },
    formats,
  });
  const named = (name: string): RequestHandler => {
    const found = middlewares.find((each) => each.name === name);
    if (!found) throw new Error(`express-openapi-validator has no ${name} any more.`);
    return found as RequestHandler;
  };
  return {
    pathParams: named('pathParamsMiddleware'),
    metadata: named('metadataMiddleware'),
    request: named('requestMiddleware'),
    response: named('responseMiddleware'),
  };
}

/** @throws unless the document is valid OpenAPI. */
async function assertValid(document: OpenApiDocument): Promise<void> {
  const [load] = OpenApiValidator.middleware({
    apiSpec: document,
    validateApiSpec: true,
    validateRequests: false,
    validateResponses: false,
    validateSecurity: false,
    fileUploader: false,
    formats,
  }) as RequestHandler[];
  const sample = { app: { param: () => undefined } } as unknown as Request;
  if (load) await run(load, sample, {} as Response);
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

const validationCodes: Record<string, ValidationError['code']> = {
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

// Ajv names the pattern; people want to know what it stands for.
function patternDescription(document: OpenApiDocument, pattern: string): string | undefined {
  let description: string | undefined;
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object' || description !== undefined) return;
    const schema = node as { pattern?: unknown; 'x-pattern-description'?: string };
    if (schema.pattern === pattern) description = schema['x-pattern-description'];
    for (const child of Object.values(node)) visit(child);
  };
  visit(document);
  return description;
}

/** RFC 6901 escaping of one reference token. */
function escapePointer(token: string): string {
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
    const child = (node as Record<string, unknown> | null)?.[
      token.replaceAll('~1', '/').replaceAll('~0', '~')
    ];
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
  document: OpenApiDocument,
  request: Request,
): ValidationError {
  const keyword = fault.errorCode?.split('.')[0] ?? '';
  const pattern = /^must match pattern "(.*)"$/s.exec(fault.message)?.[1];
  return {
    pointer: pointerOf(fault, keyword, request),
    code: validationCodes[keyword] ?? 'not-allowed',
    detail:
      (pattern !== undefined && patternDescription(document, pattern)) ||
      fault.message.replace(/^must have required property .*/, 'is required'),
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

// One field can fail several keywords of one schema, and each of them is told once.
function distinct(errors: ValidationError[]): ValidationError[] {
  return [...new Map(errors.map((each) => [`${each.pointer} ${each.code} ${each.detail}`, each])).values()];
}

function reportedFaults(error: unknown): ReportedFault[] | undefined {
  const { status, errors } = error as { status?: number; errors?: ReportedFault[] };
  return status === 400 && errors ? errors : undefined;
}

// A request as express-openapi-validator's metadata step wants one; it never reaches a handler.
function sampleRequest(operation: Operation, mediaType: string | undefined): Request {
  const url = operation.path.replace(/\{[^}]+\}/g, 'x');
  return {
    app: { enabled: () => true, param: () => undefined },
    method: operation.method.toUpperCase(),
    baseUrl: '',
    originalUrl: url,
    path: url,
    url,
    query: {},
    params: {},
    headers: mediaType === undefined ? {} : { 'content-type': mediaType },
  } as unknown as Request;
}

async function createValidator(
  operation: Operation,
  document: OpenApiDocument,
  middlewares: Middlewares,
): Promise<OperationValidator> {
  const sample = sampleRequest(operation, operation.mediaTypes[0]) as ValidatedRequest;
  const response = {} as Response;
  await run(middlewares.pathParams, sample, response);
  await run(middlewares.metadata, sample, response);
  const metadata = sample.openapi;
  if (!metadata) throw new Error(`express-openapi-validator does not know ${operation.id}.`);

  const validator: OperationValidator = {
    async checkRequest(request, response) {
      // Made here rather than by the metadata step, which would match the path again.
      const validated = request as ValidatedRequest;
      validated.openapi = { ...metadata, pathParams: request.params as Record<string, string> };
      const own = [...takeUnknownParameters(operation, request), ...missingBody(operation, request)];
      try {
        await run(middlewares.request, request, response);
        return own;
      } catch (error) {
        const faults = reportedFaults(error);
        if (!faults) throw error;
        return distinct([...own, ...faults.map((each) => toValidationError(each, document, request))]);
      }
    },
    watchResponse(request, response, next) {
      return new Promise((resolve, reject) => {
        // It calls this once when it is in place, and again with an error when the response breaks the contract.
        const proceed = (error?: unknown): void => (error === undefined ? resolve() : next(error));
        Promise.resolve(middlewares.response(request, response, proceed)).catch(reject);
      });
    },
  };
  await warm(operation, validator);
  return validator;
}

// Validators are compiled at first use; done here, a schema that does not compile fails the start.
async function warm(operation: Operation, validator: OperationValidator): Promise<void> {
  for (const mediaType of [undefined, ...operation.mediaTypes]) {
    if (mediaType === undefined && operation.bodyRequired) continue;
    const request = sampleRequest(operation, mediaType);
    const response = {
      statusCode: 200,
      getHeaders: () => ({}),
      json: () => undefined,
    } as unknown as Response;
    await validator.checkRequest(request, response);
    await validator.watchResponse(request, response, () => undefined);
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
  await assertValid(contract.document);
  const validators = new Map<OperationId, OperationValidator>();
  let ready = false;
  const paths = Map.groupBy(contract.operations, (operation) => operation.path);
  for (const [path, operations] of paths) {
    const document = documentOf(contract.document, path);
    const byMethod = new Map<string, Operation>(
      operations.map((operation) => [operation.method.toUpperCase(), operation]),
    );
    const middlewares = installValidator(document, (...reported: unknown[]) => {
      // What warms the validators up is no response of ours.
      if (!ready) return;
      const [error, , request] = reported as [
        { errors?: ReportedFault[]; message: string },
        unknown,
        Request,
      ];
      const method = request.method === 'HEAD' ? 'GET' : request.method;
      const faults = error.errors ?? [{ path: '/response', message: error.message }];
      options.onInvalidResponse(byMethod.get(method) as Operation, faults);
    });
    for (const operation of operations) {
      validators.set(operation.id, await createValidator(operation, document, middlewares));
    }
  }
  ready = true;
  return validators;
}
