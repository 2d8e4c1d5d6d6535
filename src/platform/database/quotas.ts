/**
 * Quotas: the maximum number of rows of each kind in a lane, including rows in the trash. The lane's profile stores the counts,
 * and each write updates them from its changes.
 */
import type { ChangeAction, ChangeType, ProfileRow } from './rows';

export const quotaNames = ['tasks', 'projects', 'tags', 'webhooks'] as const;
export type QuotaName = (typeof quotaNames)[number];

/** A number for each quota. */
export type Amounts = Readonly<Record<QuotaName, number>>;

/** A quota that a write exceeds. */
export interface ExceededQuota {
  readonly quota: QuotaName;
  readonly limit: number;
}

/** A write would exceed a quota. It rejects with this error and changes nothing. */
export class QuotaExceeded extends Error {
  constructor(readonly exceeded: ExceededQuota) {
    super(`The lane can have at most ${exceeded.limit} ${exceeded.quota}.`);
  }
}

export const noQuotas: Amounts = { tasks: Infinity, projects: Infinity, tags: Infinity, webhooks: Infinity };

const quotasByType: { readonly [T in ChangeType]?: QuotaName } = {
  task: 'tasks',
  project: 'projects',
  tag: 'tags',
  webhook: 'webhooks',
};

/** The number of rows that changes add, minus the rows that they remove. */
export function growthOf(
  changes: Iterable<{ readonly type: ChangeType; readonly action: ChangeAction }>,
): Amounts {
  const growth = { tasks: 0, projects: 0, tags: 0, webhooks: 0 };
  for (const { type, action } of changes) {
    const quota = quotasByType[type];
    if (quota === undefined) continue;
    // A deleted task stays in the trash until it is purged.
    const removed = type === 'task' ? 'purged' : 'deleted';
    if (action === 'created') growth[quota] += 1;
    else if (action === removed) growth[quota] -= 1;
  }
  return growth;
}

/** The counts in a lane's profile; zero if the lane does not exist yet. */
export function countsOf(profile: Partial<ProfileRow> | undefined): Amounts {
  const { task_count = 0, project_count = 0, tag_count = 0, webhook_count = 0 } = profile ?? {};
  return { tasks: task_count, projects: project_count, tags: tag_count, webhooks: webhook_count };
}

/** The first quota that the lane would exceed. A write that only removes rows exceeds none. */
export function findExceeded(counts: Amounts, growth: Amounts, quotas: Amounts): ExceededQuota | undefined {
  const quota = quotaNames.find((name) => growth[name] > 0 && counts[name] + growth[name] > quotas[name]);
  return quota && { quota, limit: quotas[quota] };
}
