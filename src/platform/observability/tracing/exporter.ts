/**
 * Sends spans as JSON (OTLP over HTTP). OpenTelemetry's own exporter would bring a transport with retries; a span that is
 * lost because the receiver is not available does not matter.
 */
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import type { TracingConfig } from './tracing';

const timeoutMs = 5_000;

/** Makes the exporter. It logs when the receiver does not accept spans any more, and when it does again. */
export function createExporter(
  { endpoint, headers }: Pick<TracingConfig, 'endpoint' | 'headers'>,
  log: Pick<Logger, 'warn' | 'info'>,
): SpanExporter {
  let isFailing = false;

  async function post(spans: ReadableSpan[]): Promise<void> {
    const response = await fetch(`${endpoint}/v1/traces`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JsonTraceSerializer.serializeRequest(spans) as Uint8Array<ArrayBuffer>,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the answer's status is ${response.status}`);
  }

  async function send(spans: ReadableSpan[]): Promise<ExportResult> {
    try {
      await post(spans);
      if (isFailing) log.info('the receiver of traces accepts spans again');
      isFailing = false;
      return { code: ExportResultCode.SUCCESS };
    } catch (error) {
      const { message, cause } = error as Error & { cause?: { code?: string } };
      if (!isFailing)
        log.warn({ reason: cause?.code ?? message }, 'the receiver of traces does not accept spans');
      isFailing = true;
      // The processor would report a failure once more.
      return { code: ExportResultCode.SUCCESS };
    }
  }

  return {
    export: (spans, done) => void send(spans).then(done),
    shutdown: async () => undefined,
  };
}
