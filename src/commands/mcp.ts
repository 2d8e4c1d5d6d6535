/**
 * `tasklane mcp`: an MCP server on standard input and output, for programs that start their servers. Its tools call a
 * Tasklane service over HTTP: `TASKLANE_URL` is its address, `TASKLANE_TOKEN` a token of the user, and
 * `TASKLANE_USER` the user's id, which is by default the `sub` of the token.
 */
import { randomUUID } from 'node:crypto';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { decodeJwt, type JWTPayload } from 'jose';
import { confirmationKey, createConfirmations } from '../features/mcp/confirmation';
import { createMcpServer } from '../features/mcp/server';
import { contractDocument, type Operation, readContract } from '../platform/contract/document/contract';
import type { OperationId } from '../platform/contract/document/operations';
import {
  type Answer,
  type Execute,
  type OperationInput,
  readAnswer,
  requestForm,
} from '../platform/contract/http/execute';
import { createLogger } from '../platform/observability/logger';
import { readSecretFiles } from '../platform/secret-files';
import { readArguments } from './arguments';

/** Makes the function that carries out operations over HTTP. */
function remoteExecutor(url: string, token: string, userId: string): Execute {
  const operations = new Map(readContract(contractDocument).operations.map((each) => [each.id, each]));
  return async <Id extends OperationId>(id: Id, input: OperationInput<Id> = {}): Promise<Answer<Id>> => {
    const { method, path, query, headers } = requestForm(operations.get(id) as Operation, userId, input);
    const response = await fetch(url + (query === '' ? path : `${path}?${query}`), {
      method,
      headers: { ...headers, Authorization: `Bearer ${token}` },
      ...(input.body !== undefined && { body: JSON.stringify(input.body) }),
    });
    return readAnswer(response.status, await response.text(), (name) => response.headers.get(name));
  };
}

function claimsOf(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch {
    // Not a JWT: the id of the user must be given.
    return {};
  }
}

function main(): void {
  readArguments('mcp');
  const { environment, errors } = readSecretFiles(process.env, ['TASKLANE_TOKEN']);
  const { TASKLANE_URL = 'http://localhost:8000', TASKLANE_TOKEN = '', TASKLANE_USER } = environment;
  const url = TASKLANE_URL.replace(/\/$/, '');
  const claims = claimsOf(TASKLANE_TOKEN);
  const userId = TASKLANE_USER || claims.sub;
  const clientId = String(claims.client_id ?? claims.azp ?? '') || null;
  if (userId === undefined) {
    errors.push('TASKLANE_TOKEN must be a token with `sub`, or TASKLANE_USER the id of the user.');
  }
  if (userId === undefined || errors.length > 0) {
    process.stderr.write(errors.map((each) => `${each}\n`).join(''));
    process.exit(1);
  }
  // Standard output belongs to the protocol.
  const log = createLogger({
    level: 'warn',
    pretty: false,
    destination: { write: (line) => void process.stderr.write(line) },
  });
  const agent = {
    execute: remoteExecutor(url, TASKLANE_TOKEN, userId),
    url,
    now: () => new Date(),
    clientId,
    // Only this process receives the handles that it makes.
    confirmations: createConfirmations(confirmationKey(randomUUID()), { userId, clientId }),
  };
  serveStdio(() => createMcpServer(agent, log), { onerror: (error) => log.warn({ err: error }, 'MCP') });
}

main();
