/** Explains to operators why a server is not available. The texts never contain a host, a user or a password. */

interface Failure {
  readonly code: string;
  readonly message: string;
}

export type Cause = readonly [codes: RegExp, messages: RegExp | null, why: string];

/** The causes that Node's errors name, for servers of all kinds. */
export const networkCauses: readonly Cause[] = [
  [/^ENOTFOUND$/, null, 'DNS does not know its host name'],
  [/^EAI_AGAIN$/, null, 'DNS does not answer'],
  [/^ECONNREFUSED$/, null, 'nothing accepts connections at its address and port'],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, null, 'its network is unreachable'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, null, 'its TLS certificate is for another host name'],
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, null, 'its TLS certificate is not valid at this time'],
  [
    /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|INVALID_CA)/,
    null,
    'its TLS certificate is not signed by a trusted authority: see sslrootcert',
  ],
  [/^(EPROTO|ERR_SSL_|ERR_TLS_|ERR_OSSL_)/, null, 'the TLS handshake failed'],
  [/^ETIMEDOUT$/, null, 'it does not answer in time'],
  [/^(ECONNRESET|ECONNABORTED|EPIPE)$/, null, 'the connection broke'],
];

/** The error and its causes, outermost first. */
function* failuresIn(error: unknown): Generator<Failure> {
  let each = error as
    | { code?: unknown; syscall?: unknown; message?: unknown; cause?: unknown; errors?: unknown }
    | undefined;
  for (let depth = 0; each && depth < 5; depth++) {
    const { code, syscall, message } = each;
    // These codes also occur for other files than the socket.
    const ofFile = syscall === 'connect' && (code === 'ENOENT' || code === 'EACCES');
    yield {
      code: ofFile ? `connect ${code}` : typeof code === 'string' ? code : '',
      message: typeof message === 'string' ? message : '',
    };
    // An AggregateError has one error for each address of the host.
    each = (each.cause ?? (Array.isArray(each.errors) ? each.errors[0] : undefined)) as typeof each;
  }
}

/**
 * The reason of an error: of the outermost error that has one, and there the first that matches.
 * @returns null if no error has one of these causes
 */
export function reasonIn(error: unknown, causes: readonly Cause[]): string | null {
  for (const { code, message } of failuresIn(error)) {
    const cause = causes.find(
      ([codes, messages]) => codes.test(code) && (messages === null || messages.test(message)),
    );
    if (cause) return cause[2];
  }
  return null;
}
