/** An instance of the service as in production. It reports its memory use for each message. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseConfig } from '../../src/config';
import { createLogger } from '../../src/platform/observability/logger';
import { startService } from '../../src/start';
import { answerParent } from '../bench/processes';

/** Bytes: the memory of the process, and JavaScript's part of it. */
export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function memory(): Memory {
  collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
}

async function main(): Promise<void> {
  const config = parseConfig({ ...process.env, PORT: '0' });
  const service = await startService(config, createLogger({ level: config.logLevel, pretty: false }));
  answerParent<'memory', Memory>({ url: service.url }, memory);
}

main();
