/** What an agent does with `/mcp`: it lists the tools and calls one. Requests of the revision 2025-11-25 need no handshake. */

// biome-ignore lint/suspicious/noExplicitAny: each caller knows the form of the result.
async function ask(url: string, token: string, method: string, params: object): Promise<any> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      Authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  const data = text.startsWith('{') ? text : (text.match(/^data: (.+)$/m)?.[1] ?? '{}');
  const { result, error } = JSON.parse(data);
  if (error) throw new Error(error.message);
  return result;
}

export interface Agent {
  /** The instructions of the server, and its tools. */
  list(): Promise<{
    instructions: string;
    tools: { name: string; description: string; inputSchema: object }[];
  }>;
  call(tool: string, args: object): Promise<{ text: string; isError: boolean }>;
}

/** Makes an agent with a token for `/mcp`. */
export function createAgent(url: string, token: string): Agent {
  return {
    async list() {
      const { instructions } = await ask(url, token, 'initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'evaluation', version: '1' },
      });
      return { instructions, tools: (await ask(url, token, 'tools/list', {})).tools };
    },
    async call(name, args) {
      const { content, isError = false } = await ask(url, token, 'tools/call', { name, arguments: args });
      return { text: content.map(({ text }: { text: string }) => text).join('\n'), isError };
    },
  };
}
