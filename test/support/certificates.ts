/** Makes certificates for servers and clients with OpenSSL. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why tests with certificates are skipped; null if they can run. */
export const missingOpenssl = spawnSync('openssl', ['version']).error ? 'openssl is not installed' : null;

/** The paths of a certificate, its private key, and a file with both (PEM). */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly both: string;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes certificates in a directory, which exists. */
export function certificatesIn(directory: string) {
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const path = (name: string) => join(directory, name);

  return {
    /** Makes a certificate authority. */
    authority(name: string): Certificate {
      const [cert, key] = [path(`${name}.crt`), path(`${name}.key`)];
      openssl('req', '-x509', ...newKey, '-keyout', key, '-out', cert, '-subj', `/CN=${name}`, '-days', '2');
      return { cert, key, both: '' };
    },
    /** Makes a certificate for these names, such as `DNS:localhost,IP:127.0.0.1`. If `days` is -1, the certificate has already expired. */
    signed(authority: Certificate, name: string, names: string, days = 2): Certificate {
      const [cert, key, both] = [path(`${name}.crt`), path(`${name}.key`), path(`${name}.pem`)];
      const [request, extensions] = [path(`${name}.csr`), path(`${name}.txt`)];
      openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
      writeFileSync(extensions, `subjectAltName=${names}\n`);
      const by = ['-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial'];
      const text = openssl('x509', '-req', '-in', request, ...by, '-days', `${days}`, '-extfile', extensions);
      writeFileSync(cert, text);
      writeFileSync(both, openssl('pkey', '-in', key) + text);
      return { cert, key, both };
    },
  };
}
