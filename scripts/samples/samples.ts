/** Generates samples for each operation from the contract's examples: curl, the SDK and React. */
import { type Method, methodsOf, type SdkContract } from '../sdk/methods';
import { curlOptions, files, handwritten, hooks, laneWrites, queries, taskActions } from './choices';
import { jsonText, literal } from './literal';

/** A sample as `x-codeSamples` has it. */
export interface Sample {
  readonly lang: 'Shell' | 'TypeScript' | 'TSX';
  readonly label: 'curl' | 'SDK' | 'React';
  readonly source: string;
}

interface Reference {
  readonly $ref?: string;
}

interface Parameter extends Reference {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly example?: unknown;
}

interface Media {
  readonly schema?: Schema;
  readonly example?: unknown;
}

interface Schema extends Reference {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, Media>>;
    readonly 'x-spooled'?: boolean;
  };
  readonly responses: Readonly<
    Record<string, Reference & { readonly content?: Readonly<Record<string, Media>> }>
  >;
}

interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | readonly Parameter[]>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** What all samples of an operation are made from. */
interface Described {
  readonly operation: Operation;
  readonly verb: string;
  readonly path: string;
  readonly ids: readonly Parameter[];
  readonly query: readonly Parameter[];
  readonly body: { readonly type: string; readonly example: unknown; readonly isFile: boolean } | undefined;
  /** The type of the file that the operation answers. */
  readonly file: string | undefined;
}

const address = 'http://127.0.0.1:8000';
const fileTypes = new Set(Object.keys(files));

function resolver(contract: Contract) {
  return <T extends Reference>(value: T): T => {
    if (value.$ref === undefined) return value;
    const keys = value.$ref.slice(2).split('/');
    // biome-ignore lint/suspicious/noExplicitAny: a JSON pointer leads to any part of the document.
    return keys.reduce((node: any, key) => node[key], contract);
  };
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const upperFirst = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

function describe(contract: Contract): Described[] {
  const resolve = resolver(contract);
  return Object.entries(contract.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([verb, operation]) => {
      if (verb === 'parameters') return [];
      const { operationId, parameters = [], requestBody, responses } = operation as Operation;
      const all = [...((item.parameters ?? []) as readonly Parameter[]), ...parameters].map(resolve);
      const chosen = queries[operationId] ?? [];
      const content = requestBody?.content ?? {};
      const type = 'application/json' in content ? 'application/json' : Object.keys(content)[0];
      const [success] = Object.entries(responses).filter(([status]) => status.startsWith('2'));
      const [answered = ''] = Object.keys(resolve(success?.[1] ?? {}).content ?? {});
      return [
        {
          operation: operation as Operation,
          verb: verb.toUpperCase(),
          path,
          ids: all.filter((each) => each.in === 'path'),
          query: all.filter((each) => each.in === 'query' && (each.required || chosen.includes(each.name))),
          body:
            type === undefined
              ? undefined
              : {
                  type,
                  example: content[type]?.example ?? {},
                  isFile:
                    requestBody?.['x-spooled'] === true && fileTypes.has(type) && path.includes('/import'),
                },
          file: path.includes('/export') && fileTypes.has(answered) ? answered : undefined,
        },
      ];
    }),
  );
}

const inShell = (text: string): string =>
  /^[\w@%+=:,./{}-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

function curl({ operation, verb, path, ids, query, body, file }: Described): Sample {
  const filled = path.replace(/\{(\w+)\}/g, (_match, name: string) =>
    encodeURIComponent(String(ids.find((each) => each.name === name)?.example)),
  );
  const pairs = query.map(
    ({ name, example }) =>
      `${name}=${[example]
        .flat()
        .map((each) => encodeURIComponent(String(each)))
        .join(',')}`,
  );
  const url = `${address}${filled}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`;
  const method = verb === 'GET' || (verb === 'POST' && body) ? '' : `--request ${verb} `;
  const options = [...(curlOptions[operation.operationId] ?? [])];
  if (operation.security?.length !== 0) options.push('--header "Authorization: Bearer $TOKEN"');
  if (body?.isFile) {
    const name = `@${files[body.type]}`;
    options.push(
      body.type === 'application/json'
        ? `--json ${name}`
        : `--header 'Content-Type: ${body.type}' --data-binary ${name}`,
    );
  } else if (body) {
    options.push(`--json ${inShell(jsonText(body.example))}`);
  }
  if (file) options.push(`--output ${files[file]}`);
  return {
    lang: 'Shell',
    label: 'curl',
    source: [`curl ${method}${inShell(url)}`, ...options].join(' \\\n  '),
  };
}

/** The arguments of a method of the SDK, without those of the end that have nothing to say. */
function argumentsOf({ ids, query, body }: Described, { preset }: Method): unknown[] {
  const own = ids.filter(({ name }) => name !== 'user_id').map(({ example }) => example);
  const given =
    body && typeof body.example === 'object' && body.example !== null
      ? Object.fromEntries(Object.entries(body.example).filter(([name]) => !preset || !(name in preset)))
      : undefined;
  const hasBody = given !== undefined && Object.keys(given).length > 0;
  const chosen = Object.fromEntries(query.map(({ name, example }) => [name, example]));
  const hasQuery = query.length > 0;
  return [...own, ...(hasBody ? [given] : []), ...(hasQuery ? [chosen] : [])];
}

const qualified = ({ group, name }: Method): string => (group === undefined ? name : `${group}.${name}`);

function call(target: string, described: Described, method: Method): string {
  const args = argumentsOf(described, method);
  const written = (width: number) => `${target}(${args.map((each) => literal(each, width)).join(', ')})`;
  return written(80)
    .split('\n')
    .some((line) => line.length > 80)
    ? written(0)
    : written(80);
}

/** The statement that calls a method and uses its result. */
function statement(contract: Contract, described: Described, method: Method): string {
  const own = handwritten[described.operation.operationId];
  if (own !== undefined) return own;
  const target = `lane.${qualified(method)}`;
  if (described.body?.isFile) {
    const name = files[described.body.type] as string;
    const content =
      described.body.type === 'application/json'
        ? `JSON.parse(await readFile('${name}', 'utf8'))`
        : `await openAsBlob('${name}')`;
    const rest = described.query.map(({ name: each, example }) => [each, example]);
    const query = rest.length > 0 ? `, ${literal(Object.fromEntries(rest))}` : '';
    return `const report = await ${target}(${content}${query});`;
  }
  const calling = call(target, described, method);
  const resolve = resolver(contract);
  const [, kind, model = ''] = /^(Listing|Promise)<(\w+)>$/.exec(method.result) ?? [];
  if (model === 'void') return `await ${calling};`;
  if (model === 'Response') return `const file = await (await ${calling}).text();`;
  if (kind === 'Promise') return `const ${lowerFirst(model)} = await ${calling};`;
  const items = contract.components?.schemas?.[model]?.properties?.items?.items ?? {};
  const item = lowerFirst(items.$ref?.split('/').at(-1) ?? 'item');
  const { properties = {} } = resolve(items);
  const field = ['title', 'name', 'action', 'event', 'deleted_at'].find((each) => each in properties) ?? 'id';
  const [loop, use] = [`for await (const ${item} of ${calling})`, `console.log(${item}.${field});`];
  return loop.length + use.length < 100 ? `${loop} ${use}` : `${loop} {\n  ${use}\n}`;
}

function sdk(contract: Contract, described: Described, methods: readonly Method[]): Sample[] {
  if (methods.length === 0) return [];
  const statements = methods.map((method) => statement(contract, described, method));
  const reader = /\b(readFile|openAsBlob)\(/.exec(statements.join())?.[1];
  const source = [
    ...(reader ? [`import { ${reader} } from 'node:${reader === 'readFile' ? 'fs/promises' : 'fs'}';`] : []),
    `import { createTasklane } from '@tasklane/sdk';`,
    '',
    `const lane = createTasklane({ baseUrl: '${address}', token: process.env.TOKEN }).lane();`,
    unique(statements).join('\n'),
  ].join('\n');
  return [{ lang: 'TypeScript', label: 'SDK', source }];
}

/** Statements of one operation that declare the same variable: only the first declares it. */
function unique(statements: readonly string[]): string[] {
  return statements.map((each, index) => (index === 0 ? each : each.replace(/^const \w+ = /, '')));
}

function component(id: string, imported: string, ready: string, shown: string): string {
  const markup =
    shown.includes('\n') || shown.length > 90 ? `(\n    ${shown.replaceAll('\n', '\n    ')}\n  )` : shown;
  return `import { ${imported} } from '@tasklane/sdk/react';

export function ${upperFirst(id)}() {
  ${ready}
  return ${markup};
}`;
}

function react(described: Described, methods: readonly Method[]): Sample[] {
  const { operationId: id, summary = '' } = described.operation;
  const reading = hooks[id];
  if (reading) {
    const { name, hook, shown } = reading;
    const filled = hook.replace(/<(\w+)>/g, (_match, parameter: string) =>
      literal(described.ids.find((each) => each.name === parameter)?.example),
    );
    const source = component(id, hook.slice(0, hook.indexOf('(')), `const ${name} = ${filled};`, shown);
    return [{ lang: 'TSX', label: 'React', source }];
  }
  const writes = methods.filter(({ group, name }) =>
    group === 'tasks' ? taskActions.includes(name) : laneWrites[group ?? '']?.includes(name),
  );
  const [write] = writes;
  if (!write) return [];
  const isTask = write.group === 'tasks';
  const names = writes.map(({ name }) => (name === 'delete' ? 'delete: deleteTask' : name)).join(', ');
  const targetOf = ({ group, name }: Method) =>
    isTask ? (name === 'delete' ? 'deleteTask' : name) : `lane?.${group}.${name}`;
  const button = (method: Method) => {
    const label = writes.length > 1 ? upperFirst(method.name) : summary;
    return `<button onClick={() => ${call(targetOf(method), described, method)}}>\n  ${label}\n</button>`;
  };
  const buttons = writes.map(button);
  const shown =
    buttons.length > 1 ? `<>\n  ${buttons.join('\n').replaceAll('\n', '\n  ')}\n</>` : (buttons[0] as string);
  const source = isTask
    ? component(id, 'useTaskActions', `const { ${names} } = useTaskActions();`, shown)
    : component(id, 'useTasklane', 'const { lane } = useTasklane();', shown);
  return [{ lang: 'TSX', label: 'React', source }];
}

/** The samples of each operation, by its id. */
export function samplesOf(contract: object): ReadonlyMap<string, readonly Sample[]> {
  const document = contract as Contract;
  const methods = Map.groupBy(methodsOf(contract as SdkContract), ({ operationId }) => operationId);
  return new Map(
    describe(document).map((described) => {
      const id = described.operation.operationId;
      const own = methods.get(id) ?? [];
      return [id, [curl(described), ...sdk(document, described, own), ...react(described, own)]];
    }),
  );
}

const extensions = { curl: 'sh', SDK: 'ts', React: 'tsx' } as const;

/** A file for each sample, so that changes of samples are reviewed and checked for drift. */
export function sampleFiles(contract: object): Record<string, string> {
  return Object.fromEntries(
    [...samplesOf(contract)].flatMap(([id, samples]) =>
      samples.map(({ label, source }) => [`generated/samples/${id}.${extensions[label]}`, `${source}\n`]),
    ),
  );
}
