/** Checks docs/limits.md: its table of costs matches the contract, and its numbers are the defaults. */
import { readFileSync } from 'node:fs';
import { projectPath } from '../../src/platform/paths';
import { operations } from '../support/operations';
import { testConfig } from '../support/service';

const text = readFileSync(projectPath('docs/limits.md'), 'utf8');

/** A cost as the table writes it. */
function inWords({ units, more = [] }: (typeof operations)[number]['cost']): string {
  const parts = more.map(({ for: pointer, every, units: added }) => {
    const [, , field] = pointer.split('/');
    const part = field === undefined ? 'the file' : `\`${field}\``;
    if (added === undefined) return 'what each of its operations costs';
    if (every === undefined) return `${added} with ${part}`;
    return `${added} for every ${every.toLocaleString('en')}${field === undefined ? ' bytes' : ''} of ${part}`;
  });
  const all = [units.toLocaleString('en'), ...parts];
  const last = all.pop();
  return all.length === 0 ? String(last) : `${all.join(', ')}, and ${last}`;
}

test('the table of costs matches the contract', () => {
  const [, table = ''] = /\| operation \| units \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(text) ?? [];
  const rows = [...table.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, id, cost]) => [id, cost]);
  const dear = operations.filter(({ cost }) => cost.units > 1 || (cost.more ?? []).length > 0);
  expect(rows).toEqual(dear.map(({ id, cost }) => [id, inWords(cost)]));
});

test('its defaults match the configuration', () => {
  const { rateLimits, quotas } = testConfig({});
  const quotaRows = [...text.matchAll(/^\| `(\w+)`.* \| `QUOTA_\w+` \| ([\d,]+) \|$/gm)];
  expect(
    Object.fromEntries(quotaRows.map(([, name, value = '']) => [name, Number(value.replaceAll(',', ''))])),
  ).toEqual(quotas);
  for (const [name, value] of [
    ['RATE_LIMIT_READS', rateLimits?.readsPerUser],
    ['RATE_LIMIT_WRITES', rateLimits?.writesPerUser],
    ['RATE_LIMIT_ADDRESS', rateLimits?.requestsPerAddress],
    ['RATE_LIMIT_FAILED_AUTH', rateLimits?.failedAuthenticationsPerAddress],
  ] as const) {
    const told = new RegExp(`\`${name}\`\\]\\(../.env.example\\), ([\\d,]+)`).exec(text)?.[1];
    expect([name, Number(told?.replaceAll(',', ''))]).toEqual([name, value]);
  }
});
