import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from './config';

/**
 * Makes a server listen on an address of the configuration.
 * @param prefix that of its variables, such as METRICS_ of METRICS_PORT
 * @returns its address, without a slash at the end
 * @throws ConfigError if the address cannot be used
 */
export async function listen(server: Server, host: string, port: number, prefix = ''): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening').catch(({ code }: NodeJS.ErrnoException) => {
    throw new ConfigError([
      code === 'EADDRINUSE'
        ? `${prefix}PORT must be another port on each instance of a machine: ${port} on ${host} is in use.`
        : `${prefix}HOST and ${prefix}PORT must be an address that this process can use: ${host} and ${port} cannot be used (${code}).`,
    ]);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${name}:${address.port}`;
}
