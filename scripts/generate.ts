import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import openapiTypescript, { astToString, COMMENT_HEADER, type OpenAPI3 } from 'openapi-typescript';
import { syncDefaults } from '../src/features/sync/shape';
import { clientContract } from '../src/platform/contract/document/client-contract';
import { readContract } from '../src/platform/contract/document/contract';
import { assertServable } from '../src/platform/contract/validation/validator';
import { migrationHashes } from '../src/platform/database/migrations';
import { readProblems } from '../src/platform/docs/problems';
import { projectRoot } from '../src/platform/paths';
import { eventFiles } from './asyncapi';
import { redocLicences, redocScript } from './redoc';
import { redocly } from './redocly';
import { sampleFiles } from './samples/samples';
import { sdkDefaults } from './sdk/defaults';
import { sdkMethods } from './sdk/methods';
import { copies, sdkWords } from './sdk/words';
import { sqlFiles } from './sql/files';

/** The content of each generated file by its path from the project's root. */
type Artifacts = Readonly<Record<string, string>>;

interface Parameter {
  $ref?: string;
  in?: string;
  required?: boolean;
  schema?: { default?: unknown };
}

interface Operation {
  operationId?: string;
  parameters?: Parameter[];
  requestBody?: { 'x-spooled'?: boolean };
}

interface Document {
  paths?: Record<string, Record<string, Parameter[] | Operation>>;
  components?: { parameters?: Record<string, Parameter> };
}

/** Bundles the contract into one document. */
async function bundle(root: string, format: 'json' | 'yaml'): Promise<string> {
  const { code, stdout, stderr } = await redocly(['bundle', 'openapi.yaml', `--ext=${format}`], root);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

function allParameters(document: Document): Parameter[] {
  const items = Object.values(document.paths ?? {}).flatMap((item) => Object.values(item));
  return [
    ...Object.values(document.components?.parameters ?? {}),
    ...items.flatMap((each) => (Array.isArray(each) ? each : (each.parameters ?? []))),
  ];
}

/** The contract from the view of handlers: query parameters with a default are always present. */
function withQueryDefaults(contract: string): string {
  const document: Document = JSON.parse(contract);
  for (const parameter of allParameters(document)) {
    if (parameter.in === 'query' && parameter.schema?.default !== undefined) parameter.required = true;
  }
  return JSON.stringify(document);
}

async function types(contract: string, options: { defaultNonNullable: boolean }): Promise<string> {
  const document: OpenAPI3 = JSON.parse(contract);
  return COMMENT_HEADER + astToString(await openapiTypescript(document, { ...options, silent: true }));
}

/** The type `SpooledOperation`: the ids of the operations whose body has `x-spooled`, which other types do not show. */
function spooledOperations(contract: string): string {
  const { paths = {} }: Document = JSON.parse(contract);
  const operations = Object.values(paths).flatMap((item) => Object.values(item));
  const ids = operations.flatMap((each) =>
    !Array.isArray(each) && each.requestBody?.['x-spooled'] ? [JSON.stringify(each.operationId)] : [],
  );
  return `export type SpooledOperation = ${ids.join(' | ') || 'never'};\n`;
}

/**
 * Generates every file from the `openapi.yaml` in `root`.
 * @throws Error with Redocly's message if it cannot be read, or if the service cannot serve the contract
 */
export async function generate(root: string): Promise<Artifacts> {
  const [json, yaml] = await Promise.all([bundle(root, 'json'), bundle(root, 'yaml')]);
  const contract = `${JSON.stringify(JSON.parse(json), null, 2)}\n`;
  // The service takes the bundled contract as it is.
  assertServable(readContract(JSON.parse(json)));
  const client = `${JSON.stringify(clientContract(JSON.parse(json)), null, 2)}\n`;
  return {
    'generated/openapi.json': contract,
    'generated/openapi-client.json': client,
    'generated/openapi.yaml': yaml,
    ...eventFiles(JSON.parse(json)),
    'generated/openapi.d.ts':
      (await types(withQueryDefaults(client), { defaultNonNullable: true })) + spooledOperations(client),
    'sdk/src/openapi.d.ts': await types(contract, { defaultNonNullable: false }),
    'sdk/src/methods.ts': sdkMethods(JSON.parse(contract)),
    ...sdkWords(),
    'sdk/src/live/field-defaults.ts': sdkDefaults(syncDefaults(JSON.parse(contract))),
    ...sampleFiles(JSON.parse(contract)),
    'generated/problems.json': `${JSON.stringify(readProblems(JSON.parse(contract)), null, 2)}\n`,
    'generated/docs/redoc.js': redocScript(),
    'generated/docs/LICENSES.txt': redocLicences(),
    ...(await sqlFiles()),
    'generated/migrations.json': `${JSON.stringify(await migrationHashes(), null, 2)}\n`,
  };
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function filesBelow(root: string, directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(root, path) : [path];
  });
}

/** The paths below `root` where a file is missing, differs from its artifact, or is in `generated` or the SDK's copies and is no artifact. */
export function findDrift(root: string, artifacts: Artifacts): string[] {
  const differing = Object.keys(artifacts).filter(
    (path) => readIfPresent(join(root, path)) !== artifacts[path],
  );
  const surplus = ['generated', copies]
    .filter((directory) => existsSync(join(root, directory)))
    .flatMap((directory) => filesBelow(root, directory))
    .filter((path) => !(path in artifacts));
  return [...differing, ...surplus].sort();
}

function write(root: string, artifacts: Artifacts): void {
  for (const [path, content] of Object.entries(artifacts)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** Runs the command: writes the files, or with `--check` reports drift. Resolves to the exit code. */
export async function main(root: string, args: readonly string[]): Promise<number> {
  const artifacts = await generate(root);
  if (!args.includes('--check')) {
    write(root, artifacts);
    return 0;
  }
  const drift = findDrift(root, artifacts);
  if (drift.length === 0) return 0;
  process.stderr.write(`These files are out of date; run npm run generate:\n${drift.join('\n')}\n`);
  return 1;
}

if (require.main === module) {
  main(projectRoot, process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: Error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    },
  );
}
