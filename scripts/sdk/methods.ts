/** Generates the methods of the SDK from the contract: `x-sdk` names the method, or the methods, of an operation. */

interface Reference {
  readonly $ref?: string;
}

interface Schema extends Reference {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly description?: string;
}

interface Parameter extends Reference {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly deprecated?: boolean;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Content;
    readonly 'x-other-documents'?: boolean;
  };
  readonly responses: Readonly<Record<string, Reference & { readonly content?: Content }>>;
  /** `tasks.list`, or several methods with the fields of the body that each of them sets. */
  readonly 'x-sdk'?: string | Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

type PathItem = Readonly<Record<string, Operation | readonly Parameter[]>>;

export interface SdkContract {
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const lanePrefix = '/api/{user_id}';

// The SDK implements these by hand: one iterates over pages that have no cursor, the other over events.
const handwritten = ['sync', 'events'];

const camelCase = (name: string): string =>
  name.replace(/[_-](.)/g, (_match, letter: string) => letter.toUpperCase());
const pascalCase = (name: string): string => camelCase(`_${name}`);
const schemaName = (schema: Schema): string | undefined => schema.$ref?.split('/').at(-1);

function resolver(contract: SdkContract) {
  return <T extends Reference>(value: T): T => {
    if (value.$ref === undefined) return value;
    const keys = value.$ref.slice(2).split('/');
    // biome-ignore lint/suspicious/noExplicitAny: a JSON pointer leads to any part of the document.
    return keys.reduce((node: any, key) => node[key], contract);
  };
}

/** What the SDK needs to know about a method in order to send its request. */
export interface Method {
  readonly group: string | undefined;
  readonly name: string;
  readonly summary: string;
  readonly deprecated: boolean;
  readonly operationId: string;
  readonly parameters: readonly string[];
  readonly options: string;
  readonly result: string;
  readonly hasQuery: boolean;
  /** The fields of the body that the method sets. */
  readonly preset: Readonly<Record<string, unknown>> | undefined;
  /** The line of the table; with the fields of the body that the method sets, if there are any. */
  readonly entry: string | readonly [string, Readonly<Record<string, unknown>>];
}

/** The methods of a lane, in the order of the contract. */
export function methodsOf(contract: SdkContract): Method[] {
  const resolve = resolver(contract);
  return Object.entries(contract.paths).flatMap(([path, item]) => {
    if (path !== lanePrefix && !path.startsWith(`${lanePrefix}/`)) return [];
    const shared = (item.parameters ?? []) as readonly Parameter[];
    return Object.entries(item).flatMap(([verb, operation]) =>
      verb === 'parameters' ? [] : methodsOfOperation(path, verb, operation as Operation, shared, resolve),
    );
  });
}

function methodsOfOperation(
  path: string,
  verb: string,
  operation: Operation,
  shared: readonly Parameter[],
  resolve: <T extends Reference>(value: T) => T,
): Method[] {
  const declared = operation['x-sdk'];
  if (declared === undefined) throw new Error(`${operation.operationId} has no x-sdk.`);
  const variants = typeof declared === 'string' ? { [declared]: undefined } : declared;
  const parameters = [...shared, ...(operation.parameters ?? [])].map(resolve);
  const isIn = (place: string) => parameters.filter((each) => each.in === place);
  const hasHeader = (name: string) => isIn('header').some((each) => each.name === name);
  const query = isIn('query');
  const [success] = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
  const content = Object.entries(resolve(success?.[1] ?? {}).content ?? {});
  const schema = content[0]?.[1].schema ?? {};
  const model = schemaName(schema);
  const isPage = resolve(schema).properties?.next_cursor !== undefined;
  const isFile = /^\/export/.test(path.slice(lanePrefix.length)) || (content.length > 0 && !model);
  const options = hasHeader('If-Match')
    ? hasHeader('Idempotency-Key')
      ? 'ChangeOptions'
      : 'ConditionOptions'
    : hasHeader('Idempotency-Key')
      ? 'WriteOptions'
      : 'CallOptions';

  return Object.entries(variants).map(([qualified, preset]) => {
    const [group, name] = qualified.includes('.') ? qualified.split('.') : [undefined, qualified];
    const own = isIn('path').filter((each) => each.name !== 'user_id');
    const args = own.map((each) => `${camelCase(each.name)}: string`);
    const body = operation.requestBody && bodyOf(operation.requestBody, preset);
    if (body) args.push(`body${body.required ? '' : '?'}: ${body.type}`);
    const line = [
      verb.toUpperCase(),
      path.slice(lanePrefix.length),
      body && (body.mediaType === 'application/json' ? 'body' : `body=${body.mediaType}`),
      query.length > 0 && 'query',
      hasHeader('Idempotency-Key') && 'key',
      isPage && 'page',
      isFile && 'file',
    ]
      .filter((part) => part !== false && part !== undefined)
      .join(' ');
    const queryName = `${pascalCase(operation.operationId)}Query`;
    if (query.length > 0) args.push(`query${query.some((each) => each.required) ? '' : '?'}: ${queryName}`);
    return {
      group,
      name: name as string,
      summary: operation.summary,
      deprecated: operation.deprecated === true,
      operationId: operation.operationId,
      parameters: args,
      options,
      result: isPage ? `Listing<${model}>` : `Promise<${isFile ? 'Response' : (model ?? 'void')}>`,
      hasQuery: query.length > 0,
      preset,
      entry: preset ? [line, preset] : line,
    };
  });
}

function bodyOf(
  { required = false, content, 'x-other-documents': others }: NonNullable<Operation['requestBody']>,
  preset: Readonly<Record<string, unknown>> | undefined,
) {
  const json = content['application/json'];
  const mediaType = json ? 'application/json' : (Object.keys(content)[0] as string);
  const model = json && (schemaName(json.schema) as string);
  const fields = Object.keys(preset ?? {}).map((field) => `'${field}'`);
  const type =
    model === undefined
      ? 'string | Blob'
      : fields.length > 0
        ? `Omit<${model}, ${fields.join(' | ')}>`
        : others
          ? `${model} | object`
          : model;
  return { type, mediaType, required: required && preset === undefined };
}

function signature({ summary, deprecated, name, parameters, options, result }: Method): string {
  const comment = `  /** ${summary}.${deprecated ? ' @deprecated' : ''} */\n`;
  return `${comment}  ${name}(${[...parameters, `options?: ${options}`].join(', ')}): ${result};\n`;
}

/** The module with the types and the table of all methods on a lane. */
export function sdkMethods(contract: SdkContract): string {
  const methods = methodsOf(contract).filter(({ group, name }) => group || !handwritten.includes(name));
  const groups = [...new Set(methods.flatMap(({ group }) => group ?? []))];
  const inGroup = (group: string | undefined) => methods.filter((each) => each.group === group);
  const queries = [...new Set(methods.filter(({ hasQuery }) => hasQuery).map((each) => each.operationId))];
  const models = Object.entries(contract.components.schemas)
    .map(([name, { type, properties }]) =>
      type === 'object' && properties
        ? `export interface ${name} extends Schema<'${name}'> {}\n`
        : `export type ${name} = Schema<'${name}'>;\n`,
    )
    .filter((line) => !/ (SyncPage|SyncChange|Problem) /.test(line));
  const interfaces = groups.map(
    (group) => `export interface ${pascalCase(group)}Methods {\n${inGroup(group).map(signature).join('')}}\n`,
  );
  const table = (group: string | undefined) =>
    Object.fromEntries(inGroup(group).map(({ name, entry }) => [name, entry]));
  const tables = { ...table(undefined), ...Object.fromEntries(groups.map((group) => [group, table(group)])) };
  return `/** This file was generated from the contract by npm run generate. Do not change it. */
import type { CallOptions, ChangeOptions, ConditionOptions, Listing, QueryOf, Schema, WriteOptions } from './calls.js';

${models.join('')}
${queries.map((id) => `export interface ${pascalCase(id)}Query extends QueryOf<'${id}'> {}\n`).join('')}
${interfaces.join('\n')}
/** The methods of a lane, by the contract's \`x-sdk\`. */
export interface LaneMethods {
${groups.map((group) => `  readonly ${group}: ${pascalCase(group)}Methods;\n`).join('')}${inGroup(undefined).map(signature).join('')}}

/** How each method is sent: the HTTP method, the path below the lane, and what it has. calls.ts reads the lines. */
export const methods = ${JSON.stringify(tables, null, 2)} as const;
`;
}
