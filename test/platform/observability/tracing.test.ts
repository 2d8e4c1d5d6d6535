/** Traces arrive at a receiver of OTLP: a small HTTP server that reads JSON. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { send } from '../../support/api';
import { openReceiver } from '../../support/receiver';
import { startTestService } from '../../support/service';
import { makeUser } from '../../support/user';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly status: { code?: number };
  readonly attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
}

async function openCollector() {
  const bodies: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.url === '/v1/traces') bodies.push(Buffer.concat(chunks).toString());
    headers.push(request.headers);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers,
    text: () => bodies.join('\n'),
    spans: (): Span[] =>
      bodies.flatMap((body) =>
        JSON.parse(body).resourceSpans.flatMap((resource: { scopeSpans: { spans: Span[] }[] }) =>
          resource.scopeSpans.flatMap(({ spans }) => spans),
        ),
      ),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const attribute = ({ attributes }: Span, name: string) => {
  const value = attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? value?.intValue;
};

test('a request, its flights, a job and a delivery are spans of traces, without data of users', async () => {
  const collector = await openCollector();
  const receiver = await openReceiver();
  const service = await startTestService({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=secret',
    WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
    WEBHOOK_INTERVAL_MS: '10',
  });
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const title = 'A title that nobody else may see';
  const user = await makeUser(service.url);
  try {
    await user.send('POST', '/webhooks', { body: { url: `${receiver.url}/hook` } });
    await service.runJob('webhooks');
    await user.send('POST', '/tasks', {
      body: { title },
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    });
    await service.runJob('webhooks');
    await send(service.url, 'GET', '/nowhere');
  } finally {
    // Stopping sends the last spans.
    await service.stop();
    await receiver.close();
  }
  const spans = collector.spans();
  const byName = (name: string) => spans.filter((span) => span.name === name);

  const [created] = byName('createTask');
  expect(created).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331' });
  expect(attribute(created as Span, 'http.response.status_code')).toBe(201);
  const flights = byName('flight').filter((span) => span.traceId === traceId);
  expect(flights.length).toBeGreaterThan(0);
  for (const flight of flights) expect(flight.parentSpanId).toBe(created?.spanId);
  expect(flights.map((flight) => attribute(flight, 'tasklane.statements')).join(' ')).toContain('commit');

  const jobs = byName('job webhooks');
  const deliveries = byName('webhook delivery');
  expect(deliveries).toHaveLength(2);
  const [test, change] = deliveries as [Span, Span];
  expect(jobs.map(({ spanId }) => spanId)).toContain(test.parentSpanId);
  expect(change).toMatchObject({ traceId, parentSpanId: created?.spanId });
  for (const delivery of deliveries) {
    expect(receiver.received.map(({ headers }) => headers.traceparent)).toContain(
      `00-${delivery.traceId}-${delivery.spanId}-01`,
    );
  }
  expect(byName('GET')).toHaveLength(1);

  for (const secret of [title, user.id, user.token, receiver.host, 'insert into']) {
    expect(collector.text()).not.toContain(secret);
  }
  expect(collector.headers[0]?.['api-key']).toBe('secret');
  await collector.close();
});

test('a trace that its caller does not record is not recorded here', async () => {
  const collector = await openCollector();
  const service = await startTestService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const user = await makeUser(service.url);
  const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' };
  await user.send('GET', '/tasks', { headers });
  await user.send('GET', '/tasks');
  await service.stop();
  expect(collector.spans().filter(({ name }) => name === 'listTasks')).toHaveLength(1);
  await collector.close();
});

test('requests are answered if the receiver is unreachable, which is logged once', async () => {
  const collector = await openCollector();
  await collector.close();
  const service = await startTestService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const user = await makeUser(service.url);
  expect((await user.send('GET', '/tasks')).status).toBe(200);
  await service.stop();
  const lines = service.logged.filter(({ msg }) => String(msg).includes('receiver of traces'));
  expect(lines).toMatchObject([{ reason: 'ECONNREFUSED' }]);
});
