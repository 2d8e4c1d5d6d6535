/**
 * Runs the official conformance suite against `/mcp`. The suite expects a server with certain tools, resources and prompts in
 * most scenarios; the files `conformance-*.yaml` name those that Tasklane therefore cannot pass. The suite sends no token, so a
 * proxy adds one.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { projectPath } from '../../../src/platform/paths';
import { mcpTokenOf, startTestService, type TestService } from '../../support/service';

const run = promisify(execFile);
let service: TestService;
let proxy: Server;
let address: string;

beforeAll(async () => {
  let token = '';
  proxy = createServer((incoming, outgoing) => {
    const { hostname, port } = new URL(service.url);
    const { method, url: path, headers } = incoming;
    const options = {
      hostname,
      port,
      method,
      path,
      headers: { ...headers, authorization: `Bearer ${token}` },
    };
    const forwarded = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode as number, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  // The suite uses the address at which it reaches the server as its origin.
  service = await startTestService({ PUBLIC_URL: address });
  token = await mcpTokenOf(address, 'ada');
});
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await once(proxy, 'close');
  await service.stop();
});

test.each(['2026-07-28', '2025-11-25'])(
  'passes what the revision %s requires and needs no fixture',
  async (revision) => {
    const command = projectPath('node_modules/@modelcontextprotocol/conformance/dist/index.js');
    const expected = projectPath(`test/features/mcp/conformance-${revision}.yaml`);
    const { stdout } = await run(
      process.execPath,
      [
        command,
        'server',
        '--url',
        `${address}/mcp`,
        '--requirements',
        revision,
        '--expected-failures',
        expected,
      ],
      { maxBuffer: 2 ** 24 },
    );
    for (const scenario of ['tools-list', 'resources-list', 'prompts-list', 'dns-rebinding-protection']) {
      expect(stdout).toContain(`✓ ${scenario}: `);
    }
  },
);
