/** Compares the registry of synced types with the types of changes. */

import { entityTypes, syncedTypes } from '../../../src/features/sync/entities';
import { contractDocument } from '../../../src/platform/contract/document/contract';
import { createTestDatabase, query } from '../../support/database';

const schemas = contractDocument.components.schemas as unknown as Record<string, Record<string, never>>;

interface Member {
  properties: { type: { const: string }; data: { $ref?: string; oneOf?: { $ref?: string }[] } };
}

/** The schemas of synced entities, by type. */
function syncedSchemas(): Map<string, Member> {
  const members = schemas.SyncChange?.oneOf as unknown as { $ref: string }[];
  return new Map(
    members.map(({ $ref }) => {
      const member = schemas[$ref.split('/').at(-1) as string] as unknown as Member;
      return [member.properties.type.const, member];
    }),
  );
}

test('every type of change is in the registry', async () => {
  const types = schemas.ChangeType?.enum as unknown as string[];
  expect(Object.keys(entityTypes).sort()).toEqual([...types].sort());

  const database = await createTestDatabase();
  try {
    const [row] = await query<{ definition: string }>(
      database.url,
      `select pg_get_constraintdef(oid) as definition from pg_constraint where conname = 'changes_type_check'`,
    );
    const stored = [...(row?.definition ?? '').matchAll(/'([a-z_]+)'/g)].map(([, type]) => type);
    expect(stored.sort()).toEqual([...types].sort());
  } finally {
    await database.drop();
  }
});

test('exactly the synced types have a schema in the contract', () => {
  expect([...syncedSchemas().keys()].sort()).toEqual([...syncedTypes].sort());
});

test.each([...syncedSchemas()])('a synced %s equals the response of its own operations', (_type, member) => {
  const { $ref, oneOf } = member.properties.data;
  const refs = [$ref, ...(oneOf ?? []).map((each) => each.$ref)].filter((ref) => ref !== undefined);
  expect(refs).toHaveLength(1);
  const answered = JSON.stringify([contractDocument.paths, contractDocument.components.responses]);
  const page = JSON.stringify(schemas[`${refs[0]?.split('/').at(-1)}Page`] ?? null);
  expect(answered + page).toContain(`"${refs[0]}"`);
});
