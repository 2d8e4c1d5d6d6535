/** Better Auth's server. Its tables are in the same database as Tasklane's. */
import { betterAuth } from 'better-auth';
import { jwt } from 'better-auth/plugins';
import { Pool } from 'pg';

export const auth = betterAuth({
  database: new Pool({ connectionString: process.env.DATABASE_URL }),
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  // The demo and its tests come from one address.
  ...(process.env.AUTH_RATE_LIMIT === 'off' && { rateLimit: { enabled: false } }),
  plugins: [jwt()],
});
