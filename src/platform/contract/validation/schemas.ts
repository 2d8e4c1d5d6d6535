/**
 * Uses the parts of express-openapi-validator without its routing. Its own middleware compiles a pattern for every
 * path to route each request. It also compiles a schema again, with the whole document, for each operation and status
 * that uses the schema.
 */
import type { Request, RequestHandler } from 'express';
import { OpenAPISchemaValidator } from 'express-openapi-validator/dist/framework/openapi.schema.validator';
import type { OpenApiRequestMetadata } from 'express-openapi-validator/dist/framework/types';
import { RequestValidator, ResponseValidator } from 'express-openapi-validator/dist/middlewares';
import { SchemaPreprocessor } from 'express-openapi-validator/dist/middlewares/parsers/schema.preprocessor';
import { OpenApiValidator } from 'express-openapi-validator/dist/openapi.validator';
import { type Contract, type OpenApiDocument, type Operation, resolve } from '../document/contract';
import { formats } from './formats';

// The parts of OpenAPI 3.1 that this module uses.
interface Schema {
  $id?: string;
  $ref?: string;
  pattern?: string;
}
interface ParameterObject {
  name: string;
  in: string;
  schema?: Schema;
}
interface ResponseObject {
  content?: Record<string, { schema?: Schema }>;
}
interface OperationObject {
  parameters?: ParameterObject[];
  responses: Record<string, ResponseObject>;
}

/** The members of a request that the response validator reads. */
interface AnsweredRequest extends Pick<Request, 'method' | 'headers' | 'originalUrl'> {
  readonly openapi: OpenApiRequestMetadata & { readonly _responseSchema: OperationObject };
  readonly operation: Operation;
}

/** The validators of a document. Each compiles the schemas of an operation when it first meets the operation. */
export interface DocumentValidators {
  /** Passes an error to `next` if the request violates the contract, with the first validation error. */
  checkRequest(operation: Operation): RequestHandler;
  /**
   * Passes all validation errors of a request to `next`. The request must be bounded: the time is quadratic in the
   * items of an array, and patterns are matched even against strings that are too long.
   */
  collectErrors(operation: Operation): RequestHandler;
  /** Makes `response.json` validate what it sends. If the check throws, passes the error to `next`. */
  watchResponse(operation: Operation): RequestHandler;
}

/** @throws if the document is not valid OpenAPI, or a reference leads nowhere */
function assertValid(document: OpenApiDocument): void {
  const validator = new OpenAPISchemaValidator({ version: document.openapi, validateApiSpec: true });
  const [error] = validator.validate(document as never).errors ?? [];
  if (error) throw new Error(`The contract is not valid OpenAPI: ${error.instancePath} ${error.message}.`);
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    resolve(document, node);
    for (const child of Object.values(node)) visit(child);
  };
  visit(document);
}

function operationOf(document: OpenApiDocument, { path, method }: Operation): OperationObject {
  return document.paths?.[path]?.[method] as unknown as OperationObject;
}

// The service parses these itself, with problems and codes of their own. Their patterns are for clients.
const parsedParameters = new Set(['Idempotency-Key', 'If-Match', 'If-None-Match', 'cursor', 'token']);

// A copy: several parameters of an operation may share a schema, and an id may occur only once.
function checkedSchema(document: OpenApiDocument, name: string, schema: Schema): Schema {
  const { pattern: _pattern, ...parsed } = resolve(document, schema);
  return parsedParameters.has(name) ? parsed : { ...resolve(document, schema) };
}

function inlineParameters(document: OpenApiDocument, operation: OperationObject): void {
  operation.parameters = operation.parameters?.map((reference) => {
    const parameter = resolve(document, reference);
    return {
      ...parameter,
      ...(parameter.schema && { schema: checkedSchema(document, parameter.name, parameter.schema) }),
      // Without these, the validator refuses reserved characters (`a+b`, the colons of a time) and empty values
      // before it looks at the schema, and reports one at a time.
      ...(parameter.in === 'query' && { allowReserved: true, allowEmptyValue: true }),
    };
  }) as ParameterObject[];
}

interface Alternatives {
  oneOf?: Schema[];
  discriminator?: { propertyName: string; mapping?: Record<string, string> };
}

/**
 * Replaces a `oneOf` that has a discriminator mapping by one `if` per value. For a `oneOf` the validator would report
 * the errors of every alternative, and would not fill in defaults.
 */
function chooseByDiscriminator(node: unknown): void {
  if (node === null || typeof node !== 'object') return;
  const { oneOf, discriminator } = node as Alternatives;
  if (oneOf && discriminator?.mapping) {
    const { propertyName, mapping } = discriminator;
    delete (node as Alternatives).oneOf;
    delete (node as Alternatives).discriminator;
    Object.assign(node, {
      type: 'object',
      required: [propertyName],
      properties: { [propertyName]: { type: 'string', enum: Object.keys(mapping) } },
      allOf: Object.entries(mapping).map(([value, $ref]) => ({
        if: { required: [propertyName], properties: { [propertyName]: { const: value } } },
        // biome-ignore lint/suspicious/noThenProperty: JSON Schema's keyword.
        then: { $ref },
      })),
    });
    return;
  }
  for (const child of Object.values(node)) chooseByDiscriminator(child);
}

/** Makes each constant an enum of one value: the validator names the values of an enum in its message. */
function nameConstants(node: unknown): void {
  if (node === null || typeof node !== 'object') return;
  const schema = node as { const?: unknown; enum?: unknown[] };
  if (typeof schema.const === 'string' || typeof schema.const === 'number') {
    schema.enum = [schema.const];
    delete schema.const;
  }
  for (const child of Object.values(node)) nameConstants(child);
}

const schemaId = (name: string): string => `component:${name}`;

/**
 * Gives each component schema an id, and changes references to use it. The validator would compile a schema that is
 * referred to by its path (`#/components/…`) again for each schema that refers to it.
 */
function identifySchemas(document: OpenApiDocument): void {
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
    (schema as Schema).$id ??= schemaId(name);
  }
  const seen = new Set<unknown>();
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object' || seen.has(node)) return;
    seen.add(node);
    const schema = node as Schema;
    const name = /^#\/components\/schemas\/([^/]+)$/.exec(schema.$ref ?? '')?.[1];
    if (name !== undefined) schema.$ref = schemaId(name);
    for (const child of Object.values(node)) visit(child);
  };
  visit(document);
}

// The preprocessor replaced references by the schemas themselves. This restores the references.
function referToSchemas(operation: OperationObject): void {
  for (const { content } of Object.values(operation.responses)) {
    for (const media of Object.values(content ?? {})) {
      if (media.schema?.$id !== undefined) media.schema = { $ref: media.schema.$id };
    }
  }
}

/** Makes a validator from a document's schemas, so that the document is not compiled with each of them. */
function withSchemas<T>(document: OpenApiDocument, make: (document: OpenApiDocument) => T): T {
  const { openapi, info, components } = document;
  const schemas = { openapi, info, paths: {}, components: { schemas: components?.schemas ?? {} } };
  const made = make(schemas as unknown as OpenApiDocument);
  schemas.components = {} as never;
  return made;
}

/**
 * Makes the validators of a document.
 * @param onInvalidResponse called with a response that violates the contract. If it does not throw, the response is
 *   sent.
 * @throws if the document is not valid OpenAPI
 */
export function createDocumentValidators(
  { document, operations }: Contract,
  onInvalidResponse: (error: unknown, operation: Operation) => void,
): DocumentValidators {
  assertValid(document);
  const apiDoc = structuredClone(document);
  chooseByDiscriminator(apiDoc);
  const onError = (error: unknown, _body: unknown, { operation }: AnsweredRequest): void =>
    onInvalidResponse(error, operation);
  const watchOptions = { allErrors: true, onError: onError as never };
  const { ajvOpts } = new OpenApiValidator({
    apiSpec: apiDoc,
    // Unknown parameters are removed before.
    validateRequests: { allErrors: true, allowUnknownQueryParameters: true },
    validateResponses: watchOptions,
    ajvFormats: { mode: 'full' },
    formats,
  });
  const preprocessed = new SchemaPreprocessor(apiDoc, ajvOpts.preprocessor, watchOptions).preProcess();
  const ofRequests = preprocessed.apiDoc as OpenApiDocument;
  const ofResponses = preprocessed.apiDocRes as OpenApiDocument;
  nameConstants(ofRequests);

  for (const operation of operations) inlineParameters(ofRequests, operationOf(ofRequests, operation));
  identifySchemas(ofRequests);
  identifySchemas(ofResponses);
  for (const operation of operations) referToSchemas(operationOf(ofResponses, operation));

  const serial = 0;
  // Without Ajv's optimization the validators compile faster and run as fast, because V8 optimizes the code itself.
  const code = { optimize: false };
  const createRequests = (allErrors: boolean) =>
    withSchemas(
      ofRequests,
      (schemas) => new RequestValidator(schemas, { ...ajvOpts.request, allErrors, code }),
    );
  const requests = createRequests(false);
  const collectors = createRequests(true);
  const responses = withSchemas(
    ofResponses,
    (schemas) => new ResponseValidator(schemas, { ...ajvOpts.response, code }, watchOptions, serial),
  ).validate();

  // The response validator gets one "operation" per response, so that a response that operations share is compiled
  // once.
  const keys = new Map<ResponseObject | undefined, string>();
  const keyOf = (response: ResponseObject | undefined): string => {
    const key = keys.get(response) ?? String(keys.size);
    keys.set(response, key);
    return key;
  };
  const check = (validator: RequestValidator, operation: Operation): RequestHandler => {
    const { path } = operation;
    const schema = operationOf(ofRequests, operation) as never;
    return (request, response, next) => {
      const pathParams = request.params as Record<string, string>;
      const openapi = { expressRoute: path, openApiRoute: path, pathParams, schema, serial };
      return validator.validate(Object.assign(request, { openapi }), response, next);
    };
  };
  return {
    checkRequest: (operation) => check(requests, operation),
    collectErrors: (operation) => check(collectors, operation),
    watchResponse(operation) {
      const all = operationOf(ofResponses, operation).responses;
      return ({ originalUrl }, response, next) => {
        const answered = {
          method: '',
          headers: {},
          originalUrl,
          operation,
          get openapi() {
            const { statusCode } = response;
            const own = all[statusCode];
            const _responseSchema = { responses: own ? { [statusCode]: own } : {} };
            return { expressRoute: `${keyOf(own)} ${statusCode}`, serial, _responseSchema };
          },
        };
        return responses(answered as unknown as Request, response, next);
      };
    },
  };
}
