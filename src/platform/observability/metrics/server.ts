/** Serves the metrics on a port of their own, so that a proxy in front of the API does not expose them. */
import { createServer, type Server } from 'node:http';
import { type textFormats as Formats, textFormats } from './instruments';
import type { Metrics } from './metrics';

export interface MetricsAddress {
  readonly host: string;
  /** 0 selects a free port; null: there are no metrics. */
  readonly port: number | null;
}

/** The format that Prometheus asks for. */
function formatFor(accept: string | undefined): keyof typeof Formats {
  return accept?.includes('application/openmetrics-text') ? 'openMetrics' : 'prometheus';
}

/** Makes the server that answers `GET /metrics`. It does not listen yet. */
export function createMetricsServer(metrics: Pick<Metrics, 'text'>): Server {
  return createServer((request, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics') return void response.writeHead(404).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return void response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    }
    const format = formatFor(request.headers.accept);
    response.writeHead(200, { 'Content-Type': textFormats[format], 'Cache-Control': 'no-store' });
    response.end(metrics.text(format));
  });
}
