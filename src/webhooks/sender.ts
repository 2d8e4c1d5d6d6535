/** One request to a webhook: bounded in time and size, to where it may go, and nowhere else. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { readRetryAfter } from './retries';
import { type Target, TargetError, type Targets } from './targets';

export type SendError = 'unresolvable' | 'refused-address' | 'unreachable' | 'tls' | 'timeout' | 'broken-off';

/** How a request went. */
export interface Attempt {
  /** When it began, ISO 8601. */
  readonly at: string;
  readonly duration_ms: number;
  /** The answer's status; null if there was none. */
  readonly status: number | null;
  /** Why there was none. */
  readonly error: SendError | null;
  /** The beginning of the answer's body. */
  readonly response: string | null;
}

export interface Sent {
  readonly attempt: Attempt;
  /** Milliseconds that the receiver wants to be left alone. */
  readonly retryAfterMs: number | null;
}

/** Sends a body to an address; never rejects. */
export type Send = (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<Sent>;

interface Answer {
  readonly status: number;
  readonly response: string;
  readonly retryAfter: string | undefined;
}

const excerptBytes = 1_024;

// One connection a request: a kept one may be closed just when it is used again. Agents of their own heed no proxy.
const agents = { 'http:': new HttpAgent(), 'https:': new HttpsAgent() };

/** The text that bytes are, without what a log should not show; a character that was cut off is left out. */
function toText(bytes: Buffer): string {
  const text = new TextDecoder().decode(bytes, { stream: true });
  return text.replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd');
}

/** Reads the beginning of a body. The status is known by then, so whatever ends it is no fault. */
function readExcerpt(response: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const finish = () => {
    response.destroy();
    done(toText(Buffer.concat(chunks).subarray(0, excerptBytes)));
  };
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= excerptBytes) finish();
  });
  response.once('end', finish);
  response.once('error', finish);
  response.once('close', finish);
}

function exchange(
  { url, lookup }: Target,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const protocol = url.protocol as keyof typeof agents;
    const send = protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, { method: 'POST', headers, lookup, signal, agent: agents[protocol] });
    let answered = false;
    request.on('error', (error) => {
      if (!answered) reject(error);
    });
    request.once('response', (message) => {
      answered = true;
      readExcerpt(message, (response) => {
        resolve({
          status: message.statusCode as number,
          response,
          retryAfter: message.headers['retry-after'],
        });
      });
    });
    request.end(body);
  });
}

const unreachable = /^E(CONNREFUSED|HOSTUNREACH|NETUNREACH|HOSTDOWN|NETDOWN|TIMEDOUT|ADDRNOTAVAIL|ACCES)$/;
const tls =
  /CERT|^(?:ERR_TLS_|ERR_SSL_|UNABLE_TO_)|^(?:EPROTO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)$/;

function toSendError(error: unknown, signal: AbortSignal): SendError {
  if (error instanceof TargetError) return error.code;
  if (signal.aborted) return 'timeout';
  const code = String((error as NodeJS.ErrnoException).code);
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) return 'unresolvable';
  if (unreachable.test(code)) return 'unreachable';
  return tls.test(code) ? 'tls' : 'broken-off';
}

/** Makes the function that sends; a request may take `timeoutMs` in all. */
export function createSender(targets: Targets, timeoutMs: number): Send {
  return async (url, headers, body) => {
    const [at, began] = [new Date().toISOString(), performance.now()];
    const signal = AbortSignal.timeout(timeoutMs);
    const attempt = (outcome: Pick<Attempt, 'status' | 'error' | 'response'>): Attempt => ({
      at,
      duration_ms: Math.round(performance.now() - began),
      ...outcome,
    });
    try {
      const { status, response, retryAfter } = await exchange(targets.open(url), headers, body, signal);
      return {
        attempt: attempt({ status, error: null, response }),
        retryAfterMs: readRetryAfter(retryAfter, Date.now()),
      };
    } catch (error) {
      const failed = { status: null, error: toSendError(error, signal), response: null };
      return { attempt: attempt(failed), retryAfterMs: null };
    }
  };
}
