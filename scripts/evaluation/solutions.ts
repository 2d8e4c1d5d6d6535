/**
 * A solution of each request by tools, as an agent without detours finds it. They prove that the checks accept a solution, and
 * show how many tokens the tools take.
 */

/** Calls a tool. @returns its text @throws if it fails */
export type CallTool = (name: string, args?: object) => Promise<string>;

/** Solves a request. @returns the answer to the user, if it matters */
export type Solution = (call: CallTool) => Promise<unknown>;

const idsIn = (reply: string) =>
  reply
    .split('\n')
    .slice(1)
    .map((line) => line.slice(0, 8));

/** The ids of tasks, each found by words. */
async function find(call: CallTool, ...texts: string[]): Promise<string[]> {
  const replies = await Promise.all(texts.map((text) => call('find_tasks', { text })));
  return replies.map((reply) => idsIn(reply)[0] as string);
}

/** Deletes with the confirmation of the user. */
async function remove(call: CallTool, ids: string[]): Promise<void> {
  const asked = await call('delete_tasks', { ids });
  await call('delete_tasks', { ids, confirm: /confirm (\S+) within/.exec(asked)?.[1] });
}

const onTask =
  (tool: string, text: string, fields?: object): Solution =>
  async (call) => {
    const [id] = await find(call, text);
    await call(tool, fields ? { tasks: [{ id, ...fields }] } : { ids: [id] });
  };

/** The solutions, by the number of the request. */
export const solutions: Readonly<Record<number, Solution>> = {
  1: (call) => call('get_day'),
  2: async (call) => {
    const ids = idsIn(await call('find_tasks', { view: 'overdue' }));
    const to = { due_date: '2026-11-27', due_time: '09:00' };
    await call('reschedule_tasks', { tasks: ids.map((id) => ({ id, ...to })) });
  },
  3: (call) =>
    call('add_tasks', {
      tasks: [{ title: 'Buy a present for Mia', due_date: '2026-11-28', project: 'Home' }],
    }),
  4: (call) =>
    call('add_tasks', {
      tasks: [
        {
          title: 'Check the smoke detector',
          due_date: '2026-12-01',
          due_time: '08:00',
          rrule: 'FREQ=MONTHLY;BYMONTHDAY=1',
        },
      ],
    }),
  5: onTask('complete_tasks', 'electricity bill'),
  6: onTask('complete_tasks', 'water plants'),
  7: onTask('skip_occurrences', 'recycling'),
  8: onTask('reschedule_tasks', 'rent', { due_date: '2026-12-03' }),
  9: async (call) => {
    const [id] = await find(call, 'water plants');
    await call('update_tasks', { tasks: [{ id, rrule: 'FREQ=DAILY;INTERVAL=3' }] });
    await call('reschedule_tasks', { tasks: [{ id, due_date: '2026-11-27' }] });
  },
  10: onTask('reschedule_tasks', 'go dentist', { due_time: '10:30' }),
  11: async (call) => {
    const ids = idsIn(await call('find_tasks', { project: 'Reading list', limit: 100 }));
    await call('update_tasks', { tasks: ids.map((id) => ({ id, tags: ['someday'] })) });
  },
  12: (call) => call('find_tasks', { project: 'Reading list', limit: 1 }),
  13: async (call) => remove(call, idsIn(await call('find_tasks', { text: 'milk' }))),
  14: async (call) => {
    const tasks = (await call('find_tasks', { project: 'Trip to Lisbon' })).split('\n').slice(1);
    // Subtasks are deleted with their parent.
    await remove(
      call,
      tasks.filter((line) => !line.includes(' in ')).map((line) => line.slice(0, 8)),
    );
  },
  15: async (call) => call('restore_tasks', { ids: idsIn(await call('find_tasks', { deleted: true })) }),
  16: async (call) => {
    const [parent] = await find(call, 'suitcase');
    await call('add_tasks', { tasks: ['Sunscreen', 'Sandals'].map((title) => ({ title, parent })) });
  },
  17: async (call) => {
    const [parent] = await find(call, 'suitcase');
    const lines = (await call('find_tasks', { parent })).split('\n');
    const id = lines.find((line) => line.includes('"Charger"'))?.slice(0, 8);
    await call('complete_tasks', { ids: [id] });
    return lines.filter((line) => !line.includes('"Charger"')).join('\n');
  },
  18: async (call) => {
    await call('save_project', { name: 'Kitchen' });
    const ids = idsIn(await call('find_tasks', { text: 'tap' }));
    await call('move_tasks', { ids, project: 'Kitchen' });
  },
  19: (call) => call('save_tag', { tag: 'phone', name: 'calls' }),
  20: (call) => call('find_tasks', { completed_after: '2026-11-23T00:00:00+01:00' }),
  21: (call) => call('find_tasks', { text: 'call', due_until: '2026-11-29' }),
  22: onTask('update_tasks', 'quarterly report', {
    priority: 'urgent',
    append_description: 'Ask Jonas for the figures.',
  }),
  23: async (call) => {
    const request = /Request (\S+):/.exec(await call('find_activity', { limit: 5 }))?.[1];
    await call('undo_changes', { request });
  },
  24: async (call) => {
    const [task] = await find(call, 'passport');
    return call('find_activity', { task });
  },
  25: async (call) => {
    const [id] = idsIn(await call('find_tasks', { text: 'insurance', status: ['completed'] }));
    await call('reopen_tasks', { ids: [id] });
    await call('reschedule_tasks', { tasks: [{ id, due_date: '2026-12-02' }] });
  },
  26: (call) => call('find_tasks', { tags_all: ['waiting'] }),
  27: onTask('reschedule_tasks', 'library', { due_date: null }),
  28: async (call) => {
    const id = /"?Garden"? (\w{8})/.exec(await call('list_projects_and_tags'))?.[1];
    await call('save_project', { id, archived: true });
  },
  29: async (call) => {
    const today = { project: 'Work', due_from: '2026-11-26', due_until: '2026-11-26' };
    const ids = idsIn(await call('find_tasks', today));
    await call('reschedule_tasks', { tasks: ids.map((id) => ({ id, due_date: '2026-11-30' })) });
  },
  30: (call) => call('find_tasks', { due_from: '2026-11-30', due_until: '2026-12-06' }),
};
