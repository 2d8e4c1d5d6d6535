/** The names of all background jobs, as in JOBS, in the log and in the metrics. */
export const jobNames = [
  'measure-broker-backlog',
  'measure-storage',
  'measure-webhook-backlog',
  'overdue',
  'publish-events',
  'purge',
  'purge-changes',
  'purge-idempotency-records',
  'queue-missed-events',
  'record-installation',
  'reminders',
  'search',
  'webhooks',
  'webhooks-purge',
] as const;

export type JobName = (typeof jobNames)[number];

const isJobName = (name: string): name is JobName => (jobNames as readonly string[]).includes(name);

/** The jobs that JOBS names: `all`, `none`, or names separated by commas. @returns the unknown names if there are any */
export function readJobs(value: string): { jobs: readonly JobName[]; unknown: readonly string[] } {
  if (value === 'all') return { jobs: jobNames, unknown: [] };
  if (value === 'none') return { jobs: [], unknown: [] };
  const names = [...new Set(value.split(',').map((each) => each.trim()))];
  return { jobs: names.filter(isJobName), unknown: names.filter((name) => !isJobName(name)) };
}
