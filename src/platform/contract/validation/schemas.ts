/**
 * Express-openapi-validator's parts, put together without its routing. Its own middleware looks each request up by
 * compiling a pattern for every path, and compiles every schema anew for each operation and status that leads to it,
 * along with the whole document.
 */
import type { Request, RequestHandler } from 'express';
import { OpenAPISchemaValidator } from 'express-openapi-validator/dist/framework/openapi.schema.validator';
import type { OpenApiRequestMetadata } from 'express-openapi-validator/dist/framework/types';
import { RequestValidator, ResponseValidator } from 'express-openapi-validator/dist/middlewares';
import { SchemaPreprocessor } from 'express-openapi-validator/dist/middlewares/parsers/schema.preprocessor';
import { OpenApiValidator } from 'express-openapi-validator/dist/openapi.validator';
import { type Contract, type OpenApiDocument, type Operation, resolve } from '../document/contract';
import { formats } from './formats';

// The parts of OpenAPI 3.1 that this module reads.
interface Schema {
  $id?: string;
  $ref?: string;
}
interface ParameterObject {
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

/** What the response validator reads of a request. */
interface AnsweredRequest extends Pick<Request, 'method' | 'headers' | 'originalUrl'> {
  readonly openapi: OpenApiRequestMetadata & { readonly _responseSchema: OperationObject };
  readonly operation: Operation;
}

/** Validators for a whole document; each compiles what it needs of an operation when it first comes to that. */
export interface DocumentValidators {
  /** Passes an error on for a request that breaks the contract, with the first fault that it finds. */
  checkRequest(operation: Operation): RequestHandler;
  /**
   * Passes an error on with every fault of a request. What it checks must be bounded: it takes time quadratic in the
   * items of an array, and matches patterns against strings that are too long.
   */
  collectFaults(operation: Operation): RequestHandler;
  /** Makes `response.json` check what it sends; passes an error on, after that, if the check throws. */
  watchResponse(operation: Operation): RequestHandler;
}

/** @throws unless the document is valid OpenAPI and every reference leads somewhere. */
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

function inlineParameters(document: OpenApiDocument, operation: OperationObject): void {
  operation.parameters = operation.parameters?.map((reference) => {
    const parameter = resolve(document, reference);
    return {
      ...parameter,
      // A copy, since several parameters of an operation may have one schema, and an id may occur once.
      ...(parameter.schema && { schema: { ...resolve(document, parameter.schema) } }),
      // Left closed, the validator refuses reserved characters (`a+b`, the colons of a date) and empty values before it
      // looks at the schema, one at a time.
      ...(parameter.in === 'query' && { allowReserved: true, allowEmptyValue: true }),
    };
  }) as ParameterObject[];
}

interface Alternatives {
  oneOf?: Schema[];
  discriminator?: { propertyName: string; mapping?: Record<string, string> };
}

/**
 * Makes a `oneOf` with a discriminator's mapping into one `if` for each of its values. Against a `oneOf` the validator
 * reports the faults of every alternative at once, and fills in no defaults.
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
 * Gives every component schema an id, and makes every reference one to an id. A schema that is referred to by its place
 * (`#/components/…`) is looked up in each schema that does so, and compiled for each of them.
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

// The preprocessor has put the schema itself where its reference was.
function referToSchemas(operation: OperationObject): void {
  for (const { content } of Object.values(operation.responses)) {
    for (const media of Object.values(content ?? {})) {
      if (media.schema?.$id !== undefined) media.schema = { $ref: media.schema.$id };
    }
  }
}

/** Makes a validator from a document's schemas, and keeps it from compiling the document along with each of them. */
function withSchemas<T>(document: OpenApiDocument, make: (document: OpenApiDocument) => T): T {
  const { openapi, info, components } = document;
  const schemas = { openapi, info, paths: {}, components: { schemas: components?.schemas ?? {} } };
  const made = make(schemas as unknown as OpenApiDocument);
  schemas.components = {} as never;
  return made;
}

/**
 * Makes the validators of a document.
 * @param onInvalidResponse is called with a response that breaks the contract, which is sent unless it throws.
 * @throws if the document is not valid OpenAPI.
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
    // Unknown parameters never get this far.
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
  // What Ajv would tidy up, V8 does without: the validators are as fast, and there in less time.
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

  // What the response validator takes for an operation is a response, so that what operations share is compiled once.
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
    collectFaults: (operation) => check(collectors, operation),
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
