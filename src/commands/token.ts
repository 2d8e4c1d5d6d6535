/** `tasklane token`: prints a development token. */
import { ConfigError, parseConfig, readEnvironment } from '../config';
import { developmentKey, signDevelopmentToken } from '../platform/auth/development-token';
import { readArguments } from './arguments';

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments('token');
  const userId = positionals[0] as string;
  const lifetimeSeconds = values.lifetime === undefined ? undefined : Number(values.lifetime);

  const config = parseConfig(readEnvironment());
  if (config.production) fail('Development tokens cannot be made if NODE_ENV is production.');
  const secret = developmentKey(config.auth);
  if (secret === null)
    fail('This configuration accepts only tokens of the authentication server: sign in there.');
  const token = await signDevelopmentToken(secret, {
    userId,
    lifetimeSeconds,
    email: values.email,
    name: values.name,
    ...(values.mcp && {
      resource: `${config.publicUrl ?? `http://${config.host}:${config.port}`}/mcp`,
      scope: 'tasklane:write',
    }),
  });
  process.stdout.write(`${token}\n`);
}

main().catch((error) => fail(error instanceof ConfigError ? error.message : String(error?.stack ?? error)));
