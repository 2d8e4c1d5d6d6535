/** An MCP client, the official one, that is connected to a service. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export interface ToolResult {
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: each test expects its own form of content.
  readonly data: any;
  readonly isError: boolean;
}

export interface McpClient {
  readonly client: Client;
  call(name: string, args?: Record<string, unknown>): Promise<ToolResult>;
  close(): Promise<void>;
}

/** The revisions that the service speaks, as the client negotiates them. */
export const revisions = {
  '2026-07-28': { mode: { pin: '2026-07-28' } },
  '2025-11-25': { mode: 'legacy' },
} as const;

/** Connects with a token for `/mcp`. */
export async function connectMcp(
  url: string,
  token: string,
  {
    revision = '2026-07-28',
    headers = {},
  }: { revision?: keyof typeof revisions; headers?: Record<string, string> } = {},
): Promise<McpClient> {
  const client = new Client(
    { name: 'tests', version: '1' },
    { versionNegotiation: revisions[revision] as never },
  );
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${token}`, ...headers } },
  });
  await client.connect(transport as never);
  return {
    client,
    async call(name, args = {}) {
      const result = await client.callTool({ name, arguments: args });
      const [content] = result.content as { text: string }[];
      return { text: content?.text ?? '', data: result.structuredContent, isError: result.isError === true };
    },
    close: () => client.close(),
  };
}
