/** Traces with OpenTelemetry. This module is loaded only if there is a receiver. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import { version } from '../../version';
import { requestContext } from '../request-context';
import { createExporter } from './exporter';
import type { Tracing, TracingConfig } from './tracing';

const exportMs = 5_000;
const mostWaiting = 4_096;

/** Marks a span as failed. The message of an error can contain data of users, so only its type is recorded. */
function markFailed(span: Span, error: unknown): void {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  span.setAttribute('error.type', String(code ?? name ?? 'error'));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Makes the tracing, which sends spans in batches. */
export function createTracing(config: TracingConfig, log: Pick<Logger, 'warn' | 'info'>): Tracing {
  const exporter = createExporter(config, log);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': config.serviceName, 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.ratio) }),
    spanProcessors: [
      new BatchSpanProcessor({ exporter, scheduledDelayMillis: exportMs, maxQueueSize: mostWaiting }),
    ],
  });
  const tracer = provider.getTracer('tasklane', version);
  const propagator = new W3CTraceContextPropagator();
  const storage = new AsyncLocalStorage<Context>();
  const current = () => storage.getStore() ?? ROOT_CONTEXT;
  const contextOf = (headers: IncomingHttpHeaders) =>
    propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  const headersOf = (context: Context) => {
    const headers: Record<string, string> = {};
    propagator.inject(context, headers, defaultTextMapSetter);
    return headers;
  };

  async function within<T>(span: Span, work: (context: Context) => Promise<T>): Promise<T> {
    const context = trace.setSpan(current(), span);
    try {
      return await storage.run(context, () => work(context));
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  return {
    flights: {
      current,
      begin(parent, statementNames) {
        const attributes = {
          'db.system.name': 'postgresql',
          'db.operation.batch.size': statementNames.length,
          'tasklane.statements': statementNames.join(' '),
        };
        const span = tracer.startSpan('flight', { kind: SpanKind.CLIENT, attributes }, parent as Context);
        return (error) => {
          if (error !== undefined) markFailed(span, error);
          span.end();
        };
      },
    },

    serve(request, response, work) {
      const parent = contextOf(request.headers);
      const method = request.method as string;
      const attributes = { 'http.request.method': method };
      const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
      response.on('close', () => {
        const { resource, operationId } = requestContext(request);
        const name = resource ?? operationId;
        if (name !== undefined) {
          span.updateName(name);
          span.setAttribute('tasklane.operation', name);
        }
        span.setAttribute('tasklane.request_id', String(request.id));
        span.setAttribute('http.response.status_code', response.statusCode);
        if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      });
      storage.run(trace.setSpan(parent, span), work);
    },

    run: (name, attributes, work) => within(tracer.startSpan(name, { attributes }, current()), work),

    traceparent: () => headersOf(current()).traceparent ?? null,

    send(name, cause, work) {
      const parent = cause === null ? current() : contextOf({ traceparent: cause });
      const attributes = { 'http.request.method': 'POST' };
      const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent);
      return within(span, async (context) => {
        const result = await work(headersOf(context));
        if (result.status !== null) span.setAttribute('http.response.status_code', result.status);
        if (result.status === null || result.status >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
        return result;
      });
    },

    close: () => provider.shutdown().catch(() => undefined),
  };
}
