/**
 * Quotas: the maximum number of rows of each kind in a lane, including the trash, and of bytes. The lane's profile
 * stores the counts, and each write updates them from its changes.
 */
import type { ChangeAction, ChangeType, ProfileRow } from './rows';

export const quotaNames = ['tasks', 'projects', 'tags', 'webhooks', 'storage'] as const;
export type QuotaName = (typeof quotaNames)[number];

/** A number for each quota; bytes for `storage`. */
export type Amounts = Readonly<Record<QuotaName, number>>;

/** A quota that a write exceeds. */
export interface ExceededQuota {
  readonly quota: QuotaName;
  readonly limit: number;
}

/** The error of a write that would exceed a quota. The write changes nothing. */
export class QuotaExceeded extends Error {
  constructor(readonly exceeded: ExceededQuota) {
    const { quota, limit } = exceeded;
    super(`The lane can have at most ${limit} ${quota === 'storage' ? 'bytes' : quota}.`);
  }
}

export const noQuotas: Amounts = {
  tasks: Infinity,
  projects: Infinity,
  tags: Infinity,
  webhooks: Infinity,
  storage: Infinity,
};

const quotasByType: { readonly [T in ChangeType]?: QuotaName } = {
  task: 'tasks',
  project: 'projects',
  tag: 'tags',
  webhook: 'webhooks',
};

/** What a write adds to a lane. */
export interface Growth extends Amounts {
  /** True if the write creates a task, project, tag or webhook. */
  readonly creates: boolean;
  /** The bytes of `storage`, without those of changes that reduce the storage. */
  readonly refusableBytes: number;
}

/** The parts of a change that count for quotas. */
export interface CountedChange {
  readonly type: ChangeType;
  readonly action: ChangeAction;
  /** The bytes that it adds to the lane. */
  readonly bytes: number;
  /** True if the change makes the entity smaller, and can be made only once. */
  readonly frees: boolean;
}

/**
 * The number of rows that changes add, minus the rows that they remove, and the bytes that the write adds.
 * @param otherBytes bytes that the changes do not include, such as those of inserted rows
 */
export function growthOf(changes: Iterable<CountedChange>, otherBytes = 0): Growth {
  const growth = { tasks: 0, projects: 0, tags: 0, webhooks: 0, storage: otherBytes };
  let [refusableBytes, creates] = [otherBytes, false];
  for (const { type, action, bytes, frees } of changes) {
    growth.storage += bytes;
    if (!frees) refusableBytes += bytes;
    const quota = quotasByType[type];
    if (quota === undefined) continue;
    // A deleted task counts until it is purged. A deleted project does not count, so restoring it adds one.
    const removed = type === 'task' ? 'purged' : 'deleted';
    if (action === 'created' || (action === 'restored' && type !== 'task')) {
      growth[quota] += 1;
      creates = true;
    }
    if (action === removed) growth[quota] -= 1;
  }
  return { ...growth, creates, refusableBytes };
}

/** The counts in a lane's profile; zero if the lane does not exist yet. */
export function countsOf(profile: Partial<ProfileRow> | undefined): Amounts {
  const { task_count = 0, project_count = 0, tag_count = 0, webhook_count = 0 } = profile ?? {};
  const { storage_written = 0, storage_correction = 0 } = profile ?? {};
  return {
    tasks: task_count,
    projects: project_count,
    tags: tag_count,
    webhooks: webhook_count,
    storage: Math.max(0, Number(storage_written) + Number(storage_correction)),
  };
}

// A full lane can still be edited and made smaller. Each edit adds bytes, because the history stores it.
const reserveForEdits = 0.1;

/**
 * The limits that a write must not exceed; null where none applies, because there is no quota or the write reduces the
 * storage. A write that creates no task, project, tag or webhook may exceed the quota of storage by a tenth.
 */
export function limitsOf(growth: Growth, quotas: Amounts): Record<QuotaName, number | null> {
  const { creates, refusableBytes } = growth;
  const limitOf = (name: QuotaName) => {
    const limited = name === 'storage' ? refusableBytes > 0 : growth[name] > 0;
    return limited && Number.isFinite(quotas[name]) ? quotas[name] : null;
  };
  const storage = limitOf('storage');
  return {
    tasks: limitOf('tasks'),
    projects: limitOf('projects'),
    tags: limitOf('tags'),
    webhooks: limitOf('webhooks'),
    storage: storage === null || creates ? storage : Math.floor(storage * (1 + reserveForEdits)),
  };
}

/** The first quota that the lane would exceed (`limitsOf`). */
export function findExceeded(counts: Amounts, growth: Growth, quotas: Amounts): ExceededQuota | undefined {
  const limits = limitsOf(growth, quotas);
  const quota = quotaNames.find((name) => counts[name] + growth[name] > (limits[name] ?? Infinity));
  return quota && { quota, limit: quotas[quota] };
}
