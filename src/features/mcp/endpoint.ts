/** `/mcp`: the MCP server as an HTTP resource. */
import { type AuthInfo, createMcpHandler } from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import { metadataUrl } from '../../platform/contract/http/admission';
import type { Resource } from '../../platform/contract/http/resource';
import { createConfirmations } from './confirmation';
import { createMcpServer, type OnCall } from './server';
import type { Agent } from './workspace';

/** The path of the server, and of its tokens. */
export const mcpPath = '/mcp';

function isListen(body: unknown): body is { id: unknown } {
  return (
    typeof body === 'object' &&
    body !== null &&
    'method' in body &&
    'id' in body &&
    body.method === 'subscriptions/listen'
  );
}

const methodNotFound = (id: unknown) => ({
  jsonrpc: '2.0',
  id,
  error: { code: -32601, message: 'Method not found' },
});

/** The names of scopes in tokens. `write` includes `read`. */
function scopeNames(scopes: readonly string[]): string[] {
  return scopes.map((scope) => `tasklane:${scope}`);
}

const clientInfoKey = 'io.modelcontextprotocol/clientInfo';

/** The title or the name in the client's description of itself, which is in each request, or only in the first one. */
function clientName(body: unknown): string | null {
  const { params } = Object(body);
  const info = Object(Object(Object(params)._meta)[clientInfoKey] ?? Object(params).clientInfo);
  const name: unknown = info.title ?? info.name;
  if (typeof name !== 'string' || !name.isWellFormed()) return null;
  return [...name.replace(/\p{Cc}+/gu, ' ').trim()].slice(0, 200).join('').trim() || null;
}

/**
 * The server at `/mcp`.
 * @param publicUrl the address of the service, without a slash at the end
 * @param key for confirmations (`confirmationKey`)
 * @param onCall called after each call of a tool
 */
export function mcpResource(publicUrl: () => string, key: Buffer, onCall?: OnCall): Resource {
  let handler: ReturnType<typeof createMcpHandler> | undefined;
  const serve = () =>
    createMcpHandler(({ authInfo }) => {
      const { agent, log } = (authInfo as AuthInfo).extra as { agent: Agent; log: Logger };
      return createMcpServer(agent, log, onCall);
    });

  return {
    path: mcpPath,
    clientName,
    async answer({ request, body, identity, execute, log }) {
      // Nothing changes that a client could be told of, and no capability says so.
      if (isListen(body)) return Response.json(methodNotFound(body.id), { status: 404 });
      handler ??= serve();
      const agent: Agent = {
        execute,
        url: publicUrl(),
        now: () => new Date(),
        idempotencyKey: request.headers.get('idempotency-key') ?? undefined,
        clientId: identity.clientId,
        confirmations: createConfirmations(key, identity),
      };
      const authInfo: AuthInfo = {
        // The token itself is not needed any more.
        token: '',
        clientId: identity.userId,
        scopes: scopeNames(identity.scopes),
        resourceMetadataUrl: metadataUrl(publicUrl(), mcpPath),
        extra: { agent, log },
      };
      return handler.fetch(request, { authInfo, parsedBody: body });
    },
  };
}
