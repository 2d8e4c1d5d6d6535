/**
 * Lets an agent that has only the tools solve everyday requests:
 * - `scripts/evaluation/serve` starts a service with an empty database, whose clock stands still.
 * - `scripts/evaluation/call <n>` shows the request with this number and prepares its lane, `call <n> tools` shows the tools,
 *   `call <n> <tool> '<arguments as JSON>'` calls one.
 * - `scripts/evaluation/tokens` prints the table of `docs/agents.md`.
 * - `scripts/evaluation/check <n> [answer]` says whether the request is solved. `reset <n>` gives it a fresh lane.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { parseConfig } from '../../src/config';
import { signDevelopmentToken } from '../../src/platform/auth/development-token';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/server';
import { createLogger } from '../../src/platform/observability/logger';
import { startService } from '../../src/start';
import { type Agent, createAgent } from './agent';
import { clockStatements, now, timeSetter } from './clock';
import {
  compared,
  counted,
  countedOperations,
  operationTools,
  type Row,
  solutionsByOperations,
  tableOf,
  tokensOf,
  tokensOfTools,
} from './cost';
import { readLane, type Send, seedLane, sender } from './lane';
import { checkRequest, type Request, requests } from './requests';
import { solutions } from './solutions';

const directory = process.env.EVALUATION_DIR ?? join(tmpdir(), 'tasklane-evaluation');
const stateFile = join(directory, 'evaluation.json');
// The service is reachable only from this machine, and has no tasks of anyone.
const secret = 'the secret of an evaluation on this machine';

interface State {
  url: string;
  databaseUrl: string;
  /** How often each request began anew, by number. */
  attempts: Record<number, number>;
  /** The users whose lanes have their tasks. */
  seeded: string[];
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

const print = (text: string) => void process.stdout.write(`${text}\n`);

/** Stops this process's clock, so that "today" is the same day in each evaluation. */
function stopClock(): void {
  const instant = Date.parse(now);
  globalThis.Date = class extends Date {
    constructor(...args: unknown[]) {
      super(...((args.length === 0 ? [instant] : args) as [number]));
    }
    static override now(): number {
      return instant;
    }
  } as DateConstructor;
}

function readState(): State {
  if (!existsSync(stateFile)) fail('The service does not run: start scripts/evaluation/serve.');
  return JSON.parse(readFileSync(stateFile, 'utf8'));
}

function writeState(state: State): void {
  writeFileSync(stateFile, JSON.stringify(state));
}

/** Runs statements in the database of the service. */
async function query(databaseUrl: string, sql: string, values?: unknown[]): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(sql, values);
  } finally {
    await client.end();
  }
}

async function serve(): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const postgres = await startEmbeddedPostgres({ dataDir: join(directory, String(process.pid)) });
  const config = parseConfig({
    PORT: process.env.PORT ?? '0',
    DATABASE_URL: postgres.url,
    MIGRATE_ON_START: 'true',
    JOBS: 'none',
    RATE_LIMIT: 'off',
    BETTER_AUTH_SECRET: secret,
  });
  stopClock();
  const service = await startService(config, createLogger({ level: 'warn', pretty: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void service.stop().then(() => postgres.stop()));
  }
  await service.ready;
  await query(postgres.url, clockStatements);
  writeState({ url: service.url, databaseUrl: postgres.url, attempts: {}, seeded: [] });
  print(`Tasklane serves ${service.url} for the evaluation, at ${now}.`);
}

/** The lane of a user. It gets its tasks at its first use. */
async function laneOf(state: State, userId: string, before: Request['before'] = {}): Promise<Send> {
  const send = sender(state.url, userId, await signDevelopmentToken(secret, { userId }));
  if (state.seeded.includes(userId)) return send;
  const setTime = timeSetter((sql, values) => query(state.databaseUrl, sql, values), userId);
  await seedLane(send, setTime, before);
  writeState({ ...state, seeded: [...state.seeded, userId] });
  state.seeded.push(userId);
  return send;
}

async function agentOf({ url }: State, userId: string): Promise<Agent> {
  const access = { userId, resource: `${url}/mcp`, scope: 'tasklane:write' };
  return createAgent(url, await signDevelopmentToken(secret, access));
}

async function callTool(number: number, request: Request, [tool, json]: string[]): Promise<void> {
  const state = readState();
  const userId = `request-${number}-${state.attempts[number] ?? 0}`;
  await laneOf(state, userId, request.before);
  if (tool === undefined) return print(request.text);
  const agent = await agentOf(state, userId);
  if (tool === 'tools') {
    const { instructions, tools } = await agent.list();
    print(instructions);
    for (const { name, description, inputSchema } of tools) {
      print(`\n${name}: ${description}\n${JSON.stringify(inputSchema)}`);
    }
    return;
  }
  const { text, isError } = await agent.call(tool, JSON.parse(json ?? '{}'));
  print(isError ? `ERROR: ${text}` : text);
}

async function check(number: number, request: Request, answer: string): Promise<void> {
  const state = readState();
  const userId = `request-${number}-${state.attempts[number] ?? 0}`;
  const start = await readLane(await laneOf(state, 'untouched'));
  const wrong = checkRequest(
    request,
    start,
    await readLane(await laneOf(state, userId, request.before)),
    answer,
  );
  if (wrong.length > 0) fail(`Request ${number} is not solved.\n${wrong.join('\n')}`);
  print(`Request ${number} is solved.`);
}

/** Prints what the requests cost in tokens. Each is carried out in two fresh lanes. */
async function compareTokens(): Promise<void> {
  const state = readState();
  const run = Date.now().toString(36) + process.pid;
  const rows: Row[] = [];
  for (const number of compared) {
    const { text, before } = requests[number - 1] as Request;
    const row: Row = { text, tools: { tokens: 0, calls: 0 }, operations: { tokens: 0, calls: 0 } };
    const userId = `tokens-${run}-${number}`;
    await laneOf(state, userId, before);
    await solutions[number]?.(counted(await agentOf(state, userId), row.tools));
    const send = await laneOf(state, `${userId}-operations`, before);
    await solutionsByOperations[number]?.(countedOperations(send, row.operations));
    rows.push(row);
  }
  const tools = await tokensOfTools(await agentOf(state, 'tokens'));
  print(tableOf(rows, { tools, operations: tokensOf(JSON.stringify(operationTools())) }));
}

async function main([command, given, ...rest]: string[]): Promise<void> {
  if (command === 'serve') return serve();
  stopClock();
  if (command === 'tokens') return compareTokens();
  const number = Number(given);
  const request = requests[number - 1];
  if (!request) fail(`The number of the request must be from 1 to ${requests.length}.`);
  if (command === 'check') return check(number, request, rest.join(' '));
  if (command === 'call') return callTool(number, request, rest);
  if (command !== 'reset')
    fail('Usage: serve, call <n> [tools | <tool> <JSON>], check <n> [answer], reset <n>');
  const state = readState();
  state.attempts[number] = (state.attempts[number] ?? 0) + 1;
  writeState(state);
}

if (require.main === module) main(process.argv.slice(2)).catch((error) => fail(error.message));
