/** How tasks get their words, and are found by them: SQL over the column `search`. */
import type { Expression } from '../database/keyset';
import type { WritableLane } from '../database/lane';
import { prefixQuery, searchVector, searchVersion } from './words';

/** What is looked for, and how. */
export interface TextSearch {
  /** Folded, as `queryWords` has them. */
  readonly words: readonly string[];
  /** The schema of pg_trgm, as SQL has it, where words that are nearly the same count too; null where only prefixes do. */
  readonly trigramSchema: string | null;
}

// Of the trigrams of both words, the part that they share: a letter too many, too few or swapped leaves about this.
const leastSimilarity = 0.25;

const lexemes = 'unnest(tsvector_to_array(search)) as lexeme';

// Of a longer word, its beginning counts: what is looked for may not be written out.
function similarity(schema: string, word: string): string {
  return `${schema}.similarity(left(lexeme, char_length(${word}) + 1), ${word})`;
}

/** The conditions that a task has to meet; they combine with *and*. */
export function matching({ words, trigramSchema }: TextSearch): Expression[] {
  if (words.length === 0) return [{ sql: 'false', bindings: [] }];
  if (trigramSchema === null) return [{ sql: 'search @@ ?::tsquery', bindings: [prefixQuery(words)] }];
  return words.map((word) => ({
    sql: `exists (select from ${lexemes} where ${similarity(trigramSchema, '?::text')} >= ${leastSimilarity})`,
    bindings: [word, word],
  }));
}

/** How well a task matches, a number of four bytes, the more the better. */
export function relevance({ words, trigramSchema }: TextSearch): Expression {
  if (trigramSchema === null) {
    const weights = `'{0.1, 0.2, 0.4, 1}'::float4[]`;
    return { sql: `ts_rank_cd(${weights}, search, ?::tsquery)`, bindings: [prefixQuery(words)] };
  }
  return {
    sql: `(select max(${similarity(trigramSchema, 'word')})::float4 from ${lexemes}, unnest(?::text[]) as word)`,
    bindings: [words],
  };
}

/** The words of a task that are nearly one of those looked for, an array. */
export function nearMatches({ words, trigramSchema }: TextSearch): Expression {
  if (trigramSchema === null) return { sql: 'null::text[]', bindings: [] };
  return {
    sql: `array(select distinct lexeme from ${lexemes}, unnest(?::text[]) as word
      where ${similarity(trigramSchema, 'word')} >= ${leastSimilarity})`,
    bindings: [words],
  };
}

/** What a task's row holds for searches. */
export function wordsOfTask(title: string, description: string | null) {
  return { search: searchVector(title, description), search_version: searchVersion };
}

/**
 * Makes the words of at most `limit` tasks that have none yet. That is no change of the tasks.
 * @returns whether there may be more
 */
export async function indexTasks(lane: WritableLane, limit: number): Promise<boolean> {
  const rows = await lane
    .rows('tasks')
    .whereRaw('search_version < 1')
    .orderBy('id')
    .limit(limit)
    .select('id', 'title', 'description');
  const vectors = rows.map(({ id, title, description }) => [id, searchVector(title, description)]);
  await lane
    .rows('tasks')
    .whereRaw('id = any(?)', [rows.map(({ id }) => id)])
    .update({
      search: lane.expression('(?::jsonb ->> id::text)::tsvector', [
        JSON.stringify(Object.fromEntries(vectors)),
      ]),
      search_version: searchVersion,
    } as object);
  return rows.length === limit;
}
