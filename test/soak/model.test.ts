import { describeChange, hasHistory, newEntity } from './model';

const entity = newEntity('task', 'a', 'A task');
entity.changes.push('title B', 'deleted');

test('a history agrees only if each write is in it once and in order', () => {
  expect(hasHistory(entity, ['created', 'title B', 'deleted'])).toBe(true);
  expect(hasHistory(entity, ['created', 'deleted'])).toBe(false);
  expect(hasHistory(entity, ['created', 'title B', 'title B', 'deleted'])).toBe(false);
  expect(hasHistory(entity, ['created', 'deleted', 'title B'])).toBe(false);
  expect(hasHistory(entity, ['created', 'title B', 'deleted', 'restored'])).toBe(false);
});

test('a write without an answer can be missing, but only the last one', () => {
  const uncertain = { ...entity, isUncertain: true };
  expect(hasHistory(uncertain, ['created', 'title B', 'deleted'])).toBe(true);
  expect(hasHistory(uncertain, ['created', 'title B'])).toBe(true);
  expect(hasHistory(uncertain, ['created', 'deleted'])).toBe(false);
  expect(hasHistory(entity, ['created', 'title B'])).toBe(false);
});

test('a change is described by what the model knows of it', () => {
  const change = (action: string, fields = {}) => describeChange({ action, fields });
  expect(change('created')).toBe('created');
  expect(change('updated', { title: { from: 'a', to: 'b' } })).toBe('title b');
  expect(change('updated', { status: { from: 'pending', to: 'completed' }, completed_at: {} })).toBe(
    'status completed',
  );
  expect(change('updated', { due_date: { from: '2099-01-01', to: '2099-01-02' } })).toBe('due 2099-01-02');
  expect(change('updated', { priority: {}, description: {} })).toBe('fields description,priority');
  expect(change('updated', { project_id: {} })).toBeUndefined();
  expect(change('overdue')).toBeUndefined();
});
