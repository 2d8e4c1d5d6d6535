import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import {
  type AuthConfig,
  type Authenticator,
  createAuthenticator,
} from '../../../src/platform/auth/authenticator';
import { parseAuthConfig } from '../../../src/platform/auth/config';

/** A request of Node's HTTP parser, made from its header lines in order. */
export function requestWith(headers: readonly (readonly [string, string])[]): IncomingMessage {
  const request = new IncomingMessage(new Socket()) as IncomingMessage & {
    _addHeaderLines(lines: string[], count: number): void;
  };
  const lines = headers.flat();
  // Node's parser calls this method too. The method decides how repeated headers are joined.
  request._addHeaderLines(lines, lines.length);
  return request;
}

export function bearer(token: string): IncomingMessage {
  return requestWith([['Authorization', `Bearer ${token}`]]);
}

/** The configuration of an environment outside production; fails the test if it has errors. */
export function configOf(env: NodeJS.ProcessEnv): AuthConfig {
  const { config, errors } = parseAuthConfig(env, { production: false });
  if (config === null) throw new Error(errors.join('\n'));
  return config;
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** A log that keeps its lines. */
export function memoryLog() {
  const lines: LogLine[] = [];
  const write = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  return { lines, info: write('info'), warn: write('warn'), error: write('error') } as unknown as {
    lines: LogLine[];
  } & Parameters<typeof createAuthenticator>[1];
}

/** Runs `work` with an authenticator, and closes it. */
export async function withAuthenticator<T>(
  env: NodeJS.ProcessEnv,
  work: (authenticator: Authenticator) => Promise<T>,
  options: Parameters<typeof createAuthenticator>[2] = {},
): Promise<T> {
  const authenticator = createAuthenticator(configOf(env), memoryLog(), options);
  try {
    return await work(authenticator);
  } finally {
    authenticator.close();
  }
}
