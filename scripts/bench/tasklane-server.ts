/** Tasklane as in production. Its argument is the number of operations that are added to the contract. */
import { parseConfig } from '../../src/config';
import { taskHandlers } from '../../src/features/tasks/handlers';
import { contractDocument, type Method, readContract } from '../../src/platform/contract/document/contract';
import { createLogger } from '../../src/platform/observability/logger';
import { startService } from '../../src/start';
import { answerWithCpuTime } from './processes';

type PathItem = { parameters?: unknown } & { [M in Method]?: object };

/**
 * Puts copies of the tasks' operations in front of the contract's own, one for each path. So code that searches in order,
 * or in the whole document, finds the copies first.
 */
function addOperations(count: number): void {
  const paths = contractDocument.paths as Record<string, PathItem>;
  const handlers = taskHandlers as Record<string, unknown>;
  const originals = readContract(contractDocument).operations.filter((each) => each.id in taskHandlers);
  const copies = Array.from({ length: count }, (_, n): [string, PathItem] => {
    const { id, path, method } = originals[n % originals.length]!;
    const operationId = `${id}Copy${n}`;
    handlers[operationId] = handlers[id];
    const { parameters, [method]: operation } = paths[path]!;
    // Without it, an If-Match would have no representation: the copy of the GET is at another path.
    const copy = { 'x-representation': 'getTask', ...operation, operationId };
    return [path.replace('/tasks', `/tasks-${n}`), { parameters, [method]: copy }];
  });
  contractDocument.paths = { ...Object.fromEntries(copies), ...paths } as NonNullable<
    typeof contractDocument.paths
  >;
}

// The limits still count, but the benchmark does not reach them.
const limits = { RATE_LIMIT_READS: '1000000', RATE_LIMIT_WRITES: '1000000', RATE_LIMIT_ADDRESS: '1000000' };

async function main(): Promise<void> {
  addOperations(Number(process.argv[2]));
  const config = parseConfig({ ...process.env, ...limits, PORT: '0' });
  const service = await startService(config, createLogger({ level: config.logLevel, pretty: false }));
  answerWithCpuTime(Number(new URL(service.url).port));
}

main();
