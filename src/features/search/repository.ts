/** Indexes the words of tasks and searches them, with SQL over the column `search`. */

import { nearQuery, prefixQuery, searchVector, searchVersion, type Term } from '../../domain/text/words';
import type { Expression } from '../../platform/database/keyset';
import type { Lane, WritableLane } from '../../platform/database/lane';
import { schema, type TaskRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';

/** A word of the lane that is similar to a word of the query. The similarity is 1 for the same word. */
export interface NearWord {
  readonly word: string;
  readonly similarity: number;
}

/** A search: the words of the query, and how they match. */
export interface TextSearch {
  /** The words of the query, from `termsOf`. */
  readonly terms: readonly Term[];
  /**
   * For each word of the query, the similar words of the lane. Null for an exact search: it finds the words that begin
   * with a word of the query.
   */
  readonly near: readonly (readonly NearWord[])[] | null;
}

function queryOf({ terms, near }: TextSearch): string {
  if (near === null) return prefixQuery(terms);
  return nearQuery(
    terms,
    near.map((each) => each.map(({ word }) => word)),
  );
}

/** The SQL condition for the tasks that match. */
export function matching(search: TextSearch): Expression {
  const { terms, near } = search;
  const isInVain =
    terms.length === 0 || near?.some((each, index) => each.length === 0 && !terms[index]?.isPhrase);
  if (isInVain) return { sql: 'false', bindings: [] };
  return { sql: 'search @@ ?::tsquery', bindings: [queryOf(search)] };
}

/** The SQL expression for the relevance of a task, a `float4`; higher is better. */
export function relevance(search: TextSearch): Expression {
  if (search.near === null) {
    const weights = `'{0.1, 0.2, 0.4, 1}'::float4[]`;
    return { sql: `ts_rank_cd(${weights}, search, ?::tsquery)`, bindings: [queryOf(search)] };
  }
  const near = search.near.flat();
  return {
    sql: `(select max(similarity) from unnest(?::text[], ?::float4[]) as near(word, similarity)
      where word = any (tsvector_to_array(search)))`,
    bindings: [near.map(({ word }) => word), near.map(({ similarity }) => similarity)],
  };
}

// The minimum share of common trigrams. Words with one added, missing or swapped letter have about this similarity.
const leastSimilarity = 0.25;

const mostNearWords = 50;

// Reading the words of these tasks takes about 30 ms of CPU. A word that only older tasks have is not suggested.
const tasksForVocabulary = 20_000;

/**
 * For each word of a query, at most 50 similar words of the newest 20,000 tasks, the most similar first; none for a phrase.
 * @param trigramSchema the schema of pg_trgm, quoted for SQL
 */
export async function nearWords(
  lane: Lane,
  terms: readonly Term[],
  trigramSchema: string,
): Promise<NearWord[][]> {
  // Each word of the lane is compared once, even if many tasks have it. `ts_stat` takes the text of a query. Row-level
  // security limits that query to the lane.
  const vectors = `format('select search from ${schema}.tasks where lane_id = %L and deleted_at is null
    order by created_at desc limit ${tasksForVocabulary}', lane_id)`;
  const vocabulary = lane.rows('profiles').joinRaw(`cross join lateral ts_stat(${vectors}) as stat`);
  // Only the beginning of a longer word is compared, because the user may not have typed the whole word.
  const similarity = `${trigramSchema}.similarity(left(vocabulary.word, char_length(wanted.word) + 1), wanted.word)`;
  const nearest = `
    select vocabulary.word, ${similarity} as similarity from vocabulary where ${similarity} >= ${leastSimilarity}
    order by similarity desc, vocabulary.word limit ${mostNearWords}`;
  const rows: { near: NearWord[] }[] = await lane
    .rows('profiles')
    .withMaterialized('vocabulary', vocabulary.select('stat.word') as never)
    .joinRaw('cross join unnest(?::text[]) with ordinality as wanted(word, place)', [
      terms.map(({ words: [word], isPhrase }) => (isPhrase ? null : word)),
    ] as never)
    .orderBy('wanted.place')
    .select(lane.expression(`array(select to_jsonb(near) from (${nearest}) as near) as near`));
  return rows.map(({ near }) => near);
}

/** SQL: the task is not indexed by the present rules. */
export const isOutdatedSql = `search_version < ${searchVersion}`;

/** The columns of a task's row for searches. */
export function wordsOfTask({ title, description, links }: Pick<TaskRow, 'title' | 'description' | 'links'>) {
  return { search: searchVector(title, description, links), search_version: searchVersion };
}

/**
 * Indexes at most `limit` tasks that are not indexed yet. The tasks get no change and no new version.
 * @returns true if there may be more
 */
export async function indexTasks(lane: WritableLane, limit: number): Promise<boolean> {
  const rows = await lane
    .rows('tasks')
    .whereRaw(isOutdatedSql)
    .orderBy('id')
    .limit(limit)
    .select('id', 'title', 'description', 'links');
  const vectors = rows.map(({ id, title, description, links }) => [
    id,
    searchVector(title, description, links),
  ]);
  await update(lane.rows('tasks').whereRaw('id = any(?)', [rows.map(({ id }) => id)]), {
    search: lane.expression('(?::jsonb ->> id::text)::tsvector', [
      JSON.stringify(Object.fromEntries(vectors)),
    ]),
    search_version: searchVersion,
  });
  return rows.length === limit;
}
