/** Prints a development token: `npm run --silent token -- <user_id> [--lifetime 3600] [--email …] [--name …] [--mcp]`. */
import { parseArgs } from 'node:util';
import { ConfigError, parseConfig, readEnvironment } from '../src/config';
import { developmentKey, signDevelopmentToken } from '../src/platform/auth/development-token';

const usage =
  'Usage: npm run --silent token -- <user_id> [--lifetime <seconds>] [--email <address>] [--name <name>] [--mcp]';

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      lifetime: { type: 'string' },
      email: { type: 'string' },
      name: { type: 'string' },
      mcp: { type: 'boolean' },
    },
  });
  const [userId] = positionals;
  const lifetimeSeconds = values.lifetime === undefined ? undefined : Number(values.lifetime);
  if (userId === undefined || positionals.length > 1) fail(usage);
  if (lifetimeSeconds !== undefined && !(Number.isInteger(lifetimeSeconds) && lifetimeSeconds > 0))
    fail(usage);

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

main().catch((error) =>
  fail(
    error instanceof ConfigError || error?.code?.startsWith?.('ERR_PARSE_ARGS')
      ? `${error.message}\n${usage}`
      : String(error?.stack ?? error),
  ),
);
