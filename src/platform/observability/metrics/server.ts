/** Serves the metrics on a port of their own, so that a proxy in front of the API does not expose them. */
import { createServer, type Server } from 'node:http';
import { type textFormats as Formats, textFormats } from './instruments';

export interface MetricsAddress {
  readonly host: string;
  /** 0 selects a free port; null: there are no metrics. */
  readonly port: number | null;
}

/** The format that Prometheus asks for. */
function formatFor(accept: string | undefined): keyof typeof Formats {
  return accept?.includes('application/openmetrics-text') ? 'openMetrics' : 'prometheus';
}

/** Where the text of the metrics comes from. */
export interface MetricsText {
  text(format: keyof typeof Formats): string | Promise<string>;
}

/** Makes the server that answers `GET /metrics`. It does not listen yet. */
export function createMetricsServer(metrics: MetricsText): Server {
  return createServer(async (request, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics') return void response.writeHead(404).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return void response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    }
    const format = formatFor(request.headers.accept);
    const text = await metrics.text(format);
    response.writeHead(200, { 'Content-Type': textFormats[format], 'Cache-Control': 'no-store' });
    response.end(text);
  });
}
