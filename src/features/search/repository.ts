/** How tasks get their words, and are found by them: SQL over the column `search`. */

import { anyOfEach, prefixQuery, searchVector, searchVersion } from '../../domain/text/words';
import type { Expression } from '../../platform/database/keyset';
import type { Lane, WritableLane } from '../../platform/database/lane';
import { schema } from '../../platform/database/rows';

/** A word of the lane that is nearly one that is looked for, and how nearly: 1 for the same. */
export interface NearWord {
  readonly word: string;
  readonly similarity: number;
}

/** What is looked for, and how. */
export interface TextSearch {
  /** Folded, as `queryWords` has them. */
  readonly words: readonly string[];
  /** For each of the words those of the lane that count as it; null where those do that begin with it. */
  readonly near: readonly (readonly NearWord[])[] | null;
}

function queryOf({ words, near }: TextSearch): string {
  return near ? anyOfEach(near.map((each) => each.map(({ word }) => word))) : prefixQuery(words);
}

/** The condition that a task has to meet. */
export function matching(search: TextSearch): Expression {
  const { words, near } = search;
  const isInVain = words.length === 0 || near?.some((each) => each.length === 0);
  if (isInVain) return { sql: 'false', bindings: [] };
  return { sql: 'search @@ ?::tsquery', bindings: [queryOf(search)] };
}

/** How well a task matches, a number of four bytes, the more the better. */
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

// Of the trigrams of both words, the part that they share: a letter too many, too few or swapped leaves about this.
const leastSimilarity = 0.25;

const mostNearWords = 50;

/**
 * For each of these words, the words of the lane that are nearly the same, the nearest first: at most 50.
 * @param trigramSchema the schema of pg_trgm, as SQL has it
 */
export async function nearWords(
  lane: Lane,
  words: readonly string[],
  trigramSchema: string,
): Promise<NearWord[][]> {
  // Each word of the lane is compared once, however many tasks have it. `ts_stat` takes the text of a query, which is
  // held to the lane by its policies as any other.
  const vectors = `format('select search from ${schema}.tasks where user_id = %L and deleted_at is null', user_id)`;
  const vocabulary = lane.rows('profiles').joinRaw(`cross join lateral ts_stat(${vectors}) as stat`);
  // Of a longer word, its beginning counts: what is looked for may not be written out.
  const similarity = `${trigramSchema}.similarity(left(vocabulary.word, char_length(wanted.word) + 1), wanted.word)`;
  const nearest = `
    select vocabulary.word, ${similarity} as similarity from vocabulary where ${similarity} >= ${leastSimilarity}
    order by similarity desc, vocabulary.word limit ${mostNearWords}`;
  const rows: { near: NearWord[] }[] = await lane
    .rows('profiles')
    .withMaterialized('vocabulary', vocabulary.select('stat.word') as never)
    .joinRaw('cross join unnest(?::text[]) with ordinality as wanted(word, place)', [words] as never)
    .orderBy('wanted.place')
    .select(lane.expression(`array(select to_jsonb(near) from (${nearest}) as near) as near`));
  return rows.map(({ near }) => near);
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
