/** Tasklane as in production. It reports its memory use and the longest stall of its event loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseConfig } from '../../src/config';
import { createLogger } from '../../src/platform/observability/logger';
import { startService } from '../../src/start';
import { answerParent } from './processes';

/** The usage since the last message. */
export interface Usage {
  /** The largest resident memory, in bytes. */
  readonly memory: number;
  /** The longest stall of the event loop, in milliseconds. */
  readonly stall: number;
}

const sampleMs = 10;

async function main(): Promise<void> {
  const config = parseConfig({ ...process.env, PORT: '0', RATE_LIMIT: 'off' });
  const service = await startService(config, createLogger({ level: config.logLevel, pretty: false }));
  let memory = 0;
  const sample = () => {
    memory = Math.max(memory, process.memoryUsage.rss());
  };
  setInterval(sample, sampleMs);
  const delay = monitorEventLoopDelay({ resolution: sampleMs });
  delay.enable();
  answerParent({ port: Number(new URL(service.url).port) }, (): Usage => {
    sample();
    const usage = { memory, stall: delay.max / 1e6 };
    memory = 0;
    delay.reset();
    return usage;
  });
}

main();
