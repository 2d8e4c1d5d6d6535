import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'] as const;
type Mode = (typeof modes)[number];

/** The TLS settings of a connection URL. */
export interface TlsSettings {
  /** Null: no TLS. */
  readonly options: ConnectionOptions | null;
  /** Whether a server without TLS is accepted too. */
  readonly optional: boolean;
}

/** The TLS parameters of a URL cannot be used. The message names only the parameter, no other part of the URL. */
export class TlsError extends Error {}

function readFileOf(parameters: URLSearchParams, name: string): string | undefined {
  const path = parameters.get(name);
  if (path === null || path === '') return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new TlsError(`has a ${name} that cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The TLS mode; null if the URL has no TLS parameters. */
function modeOf(parameters: URLSearchParams): Mode | null {
  const named = parameters.get('sslmode');
  if (named === null) {
    const files = ['sslrootcert', 'sslcert', 'sslkey'].some((name) => parameters.has(name));
    return files ? 'verify-full' : null;
  }
  const mode = modes.find((each) => each === named);
  if (!mode) throw new TlsError(`has an unknown sslmode; valid modes are ${modes.join(', ')}`);
  return mode;
}

/**
 * Reads `sslmode`, `sslrootcert`, `sslcert` and `sslkey` with libpq's meaning (PostgreSQL, section "SSL Support"),
 * and the files that they name. `allow` counts as `prefer`. Without `sslrootcert`, or with `system`, Node's
 * certificate authorities are trusted.
 * @returns null if the URL has no TLS parameters
 * @throws TlsError
 */
export function readTls(parameters: URLSearchParams): TlsSettings | null {
  const mode = modeOf(parameters);
  if (mode === null) return null;
  if (mode === 'disable') return { options: null, optional: false };
  const system = parameters.get('sslrootcert') === 'system';
  const ca = system ? undefined : readFileOf(parameters, 'sslrootcert');
  const cert = readFileOf(parameters, 'sslcert');
  const key = readFileOf(parameters, 'sslkey');
  if ((cert === undefined) !== (key === undefined))
    throw new TlsError('must have both sslcert and sslkey, or neither');
  if (mode === 'verify-ca' && ca === undefined) {
    throw new TlsError(
      'has sslmode=verify-ca, which requires sslrootcert to name the file of a certificate authority',
    );
  }
  if (system && mode !== 'verify-full') {
    throw new TlsError('has sslrootcert=system, which requires sslmode=verify-full');
  }
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const optional = mode === 'allow' || mode === 'prefer';
  if (mode === 'verify-full') return { options: files, optional };
  // As in libpq, a given authority is checked in mode `require` too.
  if (mode === 'verify-ca' || (mode === 'require' && ca)) {
    return { options: { ...files, checkServerIdentity: () => undefined }, optional };
  }
  return { options: { ...files, rejectUnauthorized: false }, optional };
}
