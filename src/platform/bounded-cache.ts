import { LRUCache } from 'lru-cache';

/**
 * A cache of at most `limit` entries that drops the least recently used ones. It grows with its entries; `max` of
 * LRUCache reserves memory for all entries at once, a megabyte for 50,000.
 */
export function boundedCache<V extends object | string | true>(limit: number): LRUCache<string, V> {
  return new LRUCache({ maxSize: limit, sizeCalculation: () => 1 });
}
