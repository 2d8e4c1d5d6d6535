import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'] as const;
type Mode = (typeof modes)[number];

/** How a connection URL wants TLS. */
export interface TlsSettings {
  /** Null: no TLS. */
  readonly options: ConnectionOptions | null;
  /** Whether a server without TLS is taken too. */
  readonly optional: boolean;
}

/** A URL's TLS parameters can't be met; the message names the parameter, and no more of the URL. */
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

/** The mode that is meant; null where the URL says nothing of TLS. */
function modeOf(parameters: URLSearchParams): Mode | null {
  const named = parameters.get('sslmode');
  if (named === null) {
    const files = ['sslrootcert', 'sslcert', 'sslkey'].some((name) => parameters.has(name));
    return files ? 'verify-full' : null;
  }
  const mode = modes.find((each) => each === named);
  if (!mode) throw new TlsError(`has an sslmode that is none of ${modes.join(', ')}`);
  return mode;
}

/**
 * Reads `sslmode`, `sslrootcert`, `sslcert` and `sslkey` as libpq means them (PostgreSQL, section "SSL Support"), and
 * their files. `allow` is taken as `prefer`. Without `sslrootcert`, or with `system`, the certificate authorities are
 * those that Node trusts.
 * @returns null where the URL says nothing of TLS.
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
  if ((cert === undefined) !== (key === undefined)) throw new TlsError('needs both sslcert and sslkey');
  if (mode === 'verify-ca' && ca === undefined) {
    throw new TlsError('has sslmode=verify-ca, which needs the file of an authority in sslrootcert');
  }
  if (system && mode !== 'verify-full') {
    throw new TlsError('has sslrootcert=system, which needs sslmode=verify-full');
  }
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const optional = mode === 'allow' || mode === 'prefer';
  if (mode === 'verify-full') return { options: files, optional };
  // As libpq has it, an authority that is named is looked at in mode `require` too.
  if (mode === 'verify-ca' || (mode === 'require' && ca)) {
    return { options: { ...files, checkServerIdentity: () => undefined }, optional };
  }
  return { options: { ...files, rejectUnauthorized: false }, optional };
}
