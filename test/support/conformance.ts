/** Runs the official conformance suite of MCP against `/mcp` of a service. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { projectPath } from '../../src/platform/paths';
import { mcpTokenOf, startTestService } from './service';

const run = promisify(execFile);

export interface Conformance {
  /**
   * Runs the scenarios that a revision requires. @param expected a file with the scenarios that fail
   * @returns what the suite printed
   * @throws if another scenario fails, or one of the file passes
   */
  check(revision: string, expected: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a service, and a proxy that adds a token, because the suite sends none. */
export async function startConformance(): Promise<Conformance> {
  let token = '';
  let target = '';
  const proxy = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const withToken = { ...headers, authorization: `Bearer ${token}` };
    const forwarded = request(target + path, { method, headers: withToken }, (answer) => {
      outgoing.writeHead(answer.statusCode as number, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  // The suite uses the address at which it reaches the server as its origin.
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const service = await startTestService({ PUBLIC_URL: address });
  target = service.url;
  token = await mcpTokenOf(address, 'ada');

  return {
    async check(revision, expected) {
      const command = projectPath('node_modules/@modelcontextprotocol/conformance/dist/index.js');
      const options = [
        '--url',
        `${address}/mcp`,
        '--requirements',
        revision,
        '--expected-failures',
        expected,
      ];
      const running = run(process.execPath, [command, 'server', ...options], { maxBuffer: 2 ** 24 });
      const { stdout } = await running.catch(({ stdout: report, message }) => {
        throw new Error(report || message);
      });
      return stdout;
    },
    async stop() {
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
      await service.stop();
    },
  };
}
