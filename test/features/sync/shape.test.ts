/** Tests that a sync token is valid only for copies that contain all fields of the entities. */
import { syncedTypes } from '../../../src/features/sync/entities';
import { syncDefaults, syncShape } from '../../../src/features/sync/shape';
import { decodeSyncToken, encodeSyncToken } from '../../../src/features/sync/token';
import { contractDocument } from '../../../src/platform/contract/document/contract';

// biome-ignore lint/suspicious/noExplicitAny: the tests change the schemas.
type Schemas = any;

/** The shape by a contract whose schemas were changed. */
function shapeWith(change: (schemas: Schemas) => void) {
  const document = structuredClone(contractDocument);
  change(document.components?.schemas);
  return syncShape(document, syncedTypes);
}

const present = shapeWith(() => undefined);
const position = { epoch: null, seq: 0, snapshot: null };
const token = encodeSyncToken('ada', present, position);

test('the shape has the fields of all entities, also in lists', () => {
  for (const part of [
    'SyncedTask.data.title',
    'SyncedTask.data.reminders.at',
    'SyncedProfile.data.week_start',
  ]) {
    expect(present.fields.filter((field) => field.endsWith(part))).toHaveLength(1);
  }
});

test('no field of a synced entity has a default', () => {
  const stripped = JSON.parse(
    JSON.stringify(contractDocument, (key, value) => (key === 'default' ? undefined : value)),
  );
  expect(syncShape(stripped, syncedTypes)).toEqual(present);
});

test.each<[string, (schemas: Schemas) => void]>([
  ['a field of a task', (schemas) => Object.assign(schemas.Task.properties, { color: { type: 'string' } })],
  ['a field of a tag', (schemas) => Object.assign(schemas.Tag.properties, { icon: { type: 'string' } })],
  [
    'a field of an item of a list',
    ({ Task, ...schemas }) => {
      const items = Task.properties.reminders.items;
      const item = items.$ref ? schemas[items.$ref.split('/').at(-1)] : items;
      item.properties.sound = { type: 'string' };
    },
  ],
])('a token expires with %s', (_what, change) => {
  expect(decodeSyncToken('ada', shapeWith(change), token)).toBe('expired');
});

test('a token stays valid with a field that has a default, and with a field of another schema', () => {
  const shape = shapeWith((schemas) => {
    schemas.Task.properties.color = { type: ['string', 'null'], default: null };
    schemas.Webhook.properties.color = { type: 'string' };
  });
  expect(decodeSyncToken('ada', shape, token)).toEqual(position);
});

test('clients get the fields with a default by type', () => {
  const document = structuredClone(contractDocument);
  const schemas: Schemas = document.components?.schemas;
  expect(syncDefaults(document)).toEqual({});
  schemas.Task.properties.color = { type: ['string', 'null'], default: null };
  schemas.TaskLink.properties.kind = { type: 'string', default: 'page' };
  schemas.Profile.properties.theme = { type: 'string', default: 'light' };
  schemas.Webhook.properties.color = { type: 'string', default: 'red' };
  expect(syncDefaults(document)).toEqual({
    profile: [['theme', 'light']],
    task: [
      ['links.kind', 'page'],
      ['color', null],
    ],
  });
});

test('a token expires when a field that had a default loses it', () => {
  const shape = shapeWith((schemas) => {
    schemas.Task.properties.color = { type: 'string' };
  });
  const before = shapeWith((schemas) => {
    schemas.Task.properties.color = { type: 'string', default: 'red' };
  });
  expect(decodeSyncToken('ada', shape, encodeSyncToken('ada', before, position))).toBe('expired');
});
