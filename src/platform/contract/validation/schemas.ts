/**
 * Uses the parts of express-openapi-validator without its routing. Its own middleware compiles a pattern for every
 * path to route each request. It also compiles a schema again, with the whole document, for each operation and status
 * that uses the schema.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import { createRequestAjv, createResponseAjv } from 'express-openapi-validator/dist/framework/ajv';
import { OpenAPISchemaValidator } from 'express-openapi-validator/dist/framework/openapi.schema.validator';
import { RequestValidator, ResponseValidator } from 'express-openapi-validator/dist/middlewares';
import { ParametersSchemaParser } from 'express-openapi-validator/dist/middlewares/parsers/schema.parse';
import { SchemaPreprocessor } from 'express-openapi-validator/dist/middlewares/parsers/schema.preprocessor';
import { ajvErrorsToValidatorError, augmentAjvErrors } from 'express-openapi-validator/dist/middlewares/util';
import { OpenApiValidator } from 'express-openapi-validator/dist/openapi.validator';
import { type Contract, type OpenApiDocument, type Operation, resolve } from '../document/contract';
import { formats } from './formats';

// The parts of OpenAPI 3.1 that this module uses.
interface Schema {
  $id?: string;
  $ref?: string;
  type?: string;
  required?: string[];
  pattern?: string;
}
interface ParameterObject {
  name: string;
  in: string;
  style?: string;
  explode?: boolean;
  content?: object;
  schema?: Schema;
}
interface ResponseObject {
  content?: Record<string, { schema?: Schema }>;
}
interface OperationObject {
  parameters?: ParameterObject[];
  requestBody?: ResponseObject;
  responses: Record<string, ResponseObject>;
}

/** The parts of a request that are validated. Checks coerce parameters and fill in defaults. */
export interface Input {
  readonly query: Record<string, unknown>;
  readonly params: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** An error as express-openapi-validator reports it. */
export interface ReportedError {
  path: string;
  message: string;
  errorCode?: string;
}

/** Returns the first validation error of a request; null if it is valid. */
export type InputCheck = (input: Input) => ReportedError[] | null;

/** Whether the body of a response is valid. */
export type BodyCheck = (body: unknown) => boolean;

/**
 * The validators of a document. The first ones are compiled functions that stop at the first error. The others are
 * express-openapi-validator itself, which collects all errors of a value that is known to be wrong.
 */
export interface DocumentValidators {
  /** Compiles the check of requests to an operation with a body of this media type; undefined for no body. */
  compileInput(operation: Operation, mediaType: string | undefined): InputCheck;
  /** Compiles the check of response bodies of a status; undefined if the contract has no JSON body for it. */
  compileBody(operation: Operation, status: number): BodyCheck | undefined;
  /**
   * Passes all validation errors of a request to `next`. The request must be bounded: the time is quadratic in the
   * items of an array, and patterns are matched even against strings that are too long.
   */
  collectErrors(operation: Operation): RequestHandler;
  /** The errors of a response body. */
  bodyErrors(operation: Operation, status: number, body: unknown): ReportedError[];
}

/** The methods of `ResponseValidator` that its own middleware calls. */
interface BodyCollector {
  buildValidators(responses: Record<string, ResponseObject>, key: string): object;
  /** @throws an error with the validation errors */
  _validate(response: {
    validators: object;
    body: unknown;
    statusCode: number;
    path: string;
    accepts: [];
  }): void;
}

/** @throws if the document is not valid OpenAPI, or a reference leads nowhere */
export function assertValid(document: OpenApiDocument): void {
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

/** A value that a function makes when it is first needed. */
function lazy<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** How a query parameter whose schema is an array is written. */
type ListForm = 'separated' | 'repeated';

/** The query parameters that are lists, by name. @throws if a parameter has a form that is not supported */
function listForms({ parameters = [] }: OperationObject, path: string): ReadonlyMap<string, ListForm> {
  const forms = new Map<string, ListForm>();
  for (const { name, in: place, style, explode, content, schema = {} } of parameters) {
    const isComplex = ['object', 'allOf', 'anyOf', 'oneOf'].some(
      (key) => key === schema.type || key in schema,
    );
    const isList = schema.type === 'array';
    const isSupported = place === 'query' ? style === 'form' && !isComplex : !isComplex && !isList;
    if (content || !isSupported)
      throw new Error(`The parameter ${name} of ${path} has a form that is not supported.`);
    if (isList) forms.set(name, explode ? 'repeated' : 'separated');
  }
  return forms;
}

function readLists(forms: ReadonlyMap<string, ListForm>, query: Record<string, unknown>): void {
  for (const [name, form] of forms) {
    const value = query[name];
    if (!value || Array.isArray(value)) continue;
    query[name] = form === 'repeated' ? [value] : (value as string).split(',');
  }
}

const isJson = (mediaType: string): boolean => /[/+]json$/.test(mediaType);

function reported(errors: readonly unknown[]): ReportedError[] {
  return ajvErrorsToValidatorError(400, augmentAjvErrors(errors as never)).errors as ReportedError[];
}

/** Makes the validators of a valid document. They compile the schemas of an operation when they first meet it. */
export function createDocumentValidators({ document, operations }: Contract): DocumentValidators {
  const apiDoc = structuredClone(document);
  chooseByDiscriminator(apiDoc);
  const responseOptions = { allErrors: true };
  const { ajvOpts } = new OpenApiValidator({
    apiSpec: apiDoc,
    // Unknown parameters are removed before.
    validateRequests: { allErrors: true, allowUnknownQueryParameters: true },
    validateResponses: responseOptions,
    ajvFormats: { mode: 'full' },
    formats,
  });
  const preprocessor = new SchemaPreprocessor(apiDoc, ajvOpts.preprocessor, responseOptions);
  // Otherwise it compiles each schema that it only needs to look up. Without a result, it follows the reference itself.
  Object.assign(preprocessor, { ajv: { getSchema: () => undefined } });
  const preprocessed = preprocessor.preProcess();
  const ofRequests = preprocessed.apiDoc as OpenApiDocument;
  const ofResponses = preprocessed.apiDocRes as OpenApiDocument;
  nameConstants(ofRequests);

  for (const operation of operations) inlineParameters(ofRequests, operationOf(ofRequests, operation));
  identifySchemas(ofRequests);
  identifySchemas(ofResponses);
  for (const operation of operations) referToSchemas(operationOf(ofResponses, operation));

  // Without Ajv's optimization the validators compile faster and run as fast, because V8 optimizes the code itself.
  const code = { optimize: false };
  const ofInputs = { ...ajvOpts.request, allErrors: false, code };
  // As in express-openapi-validator: parameters are text and coerced, bodies are not.
  const parameterAjv = lazy(() =>
    withSchemas(ofRequests, (schemas) =>
      // Strict numbers would leave the maximum unchecked for a text of so many digits that it is coerced to Infinity.
      createRequestAjv(schemas as never, { ...ofInputs, coerceTypes: true, strictNumbers: false }),
    ),
  );
  const bodyAjv = lazy(() =>
    withSchemas(ofRequests, (schemas) => createRequestAjv(schemas as never, ofInputs)),
  );
  const responseAjv = lazy(() =>
    withSchemas(ofResponses, (schemas) =>
      createResponseAjv(schemas as never, { ...ajvOpts.response, allErrors: false, code }),
    ),
  );
  const inputCollector = lazy(() =>
    withSchemas(
      ofRequests,
      (schemas) => new RequestValidator(schemas, { ...ajvOpts.request, allErrors: true, code }),
    ),
  );
  const bodyCollector = lazy(() =>
    withSchemas(
      ofResponses,
      (schemas) =>
        new ResponseValidator(
          schemas,
          { ...ajvOpts.response, code },
          responseOptions,
        ) as unknown as BodyCollector,
    ),
  );
  const responseOf = (operation: Operation, status: number): ResponseObject | undefined =>
    operationOf(ofResponses, operation).responses[status];
  // Responses that operations share are compiled once.
  const bodyChecks = new Map<ResponseObject, BodyCheck>();
  const collectorKeys = new Map<ResponseObject, string>();

  return {
    compileInput(operation, mediaType) {
      const declared = operationOf(ofRequests, operation);
      const { path } = operation;
      const parameters = new ParametersSchemaParser(parameterAjv(), ofRequests as never).parse(
        path,
        declared.parameters as never,
      );
      const checkParameters = parameterAjv().compile({
        required: ['query', 'headers', 'params'],
        properties: parameters,
      });
      const forms = listForms(declared, path);
      const content = operation.acceptsOthers ? undefined : declared.requestBody?.content;
      const schema = mediaType === undefined ? undefined : content?.[mediaType]?.schema;
      const body = schema?.$id === undefined ? schema : { $ref: schema.$id };
      const checkBody =
        body && bodyAjv().compile({ properties: { body }, ...(schema?.required && { required: ['body'] }) });
      return (input) => {
        readLists(forms, input.query);
        const isValid = checkParameters(input);
        const isBodyValid = !checkBody || checkBody(input);
        if (isValid && isBodyValid) return null;
        return reported([...(checkParameters.errors ?? []), ...(checkBody?.errors ?? [])]);
      };
    },
    compileBody(operation, status) {
      const response = responseOf(operation, status);
      const media = Object.entries(response?.content ?? {}).find(([type]) => isJson(type))?.[1];
      if (!response || !media?.schema) return undefined;
      const known = bodyChecks.get(response);
      if (known) return known;
      const check = responseAjv().compile(media.schema) as BodyCheck;
      bodyChecks.set(response, check);
      return check;
    },
    collectErrors(operation) {
      const { path } = operation;
      const schema = operationOf(ofRequests, operation) as never;
      return (request, response, next) => {
        const pathParams = request.params as Record<string, string>;
        const openapi = { expressRoute: path, openApiRoute: path, pathParams, schema, serial: 0 };
        return inputCollector().validate(Object.assign(request, { openapi }), response, next);
      };
    },
    bodyErrors(operation, status, body) {
      const response = responseOf(operation, status);
      const own = response ? { [status]: response } : {};
      const key = response && (collectorKeys.get(response) ?? String(collectorKeys.size));
      if (response && key) collectorKeys.set(response, key);
      const validators = bodyCollector().buildValidators(own, `${key} ${status}`);
      try {
        bodyCollector()._validate({ validators, body, statusCode: status, path: '/response', accepts: [] });
        return [];
      } catch (error) {
        const { errors, message } = error as { errors?: ReportedError[]; message: string };
        return errors ?? [{ path: '/response', message }];
      }
    },
  };
}
