import type { QueryResult } from 'pg';
import { run, type Statement } from './flight';
import { type Connection, type Pool, StaleConnection } from './pool';
import { platformOwner } from './shares';

/**
 * Runs a statement of the platform as the login role, outside all lanes. It can depend on the connection. `check` gets the rows; what it throws is treated
 * as an error of the database.
 */
export async function lookUp(
  pool: Pool,
  statement: Statement | ((connection: Connection) => Statement),
  check: (rows: Record<string, unknown>[]) => void = () => undefined,
): Promise<QueryResult> {
  for (let attempt = 1; ; attempt++) {
    const { connection, classifyError, release } = await pool.acquire(platformOwner);
    try {
      const sent = typeof statement === 'function' ? statement(connection) : statement;
      const result = await run(connection, sent);
      check(result.rows);
      return result;
    } catch (error) {
      const classified = classifyError(error);
      if (!(classified instanceof StaleConnection) || attempt === 2) throw error;
    } finally {
      release();
    }
  }
}
