/** The tasks of the demo's user. */
import { randomUUID } from 'node:crypto';

export const login = { name: 'Ada', email: 'ada@example.com', password: 'lovelace-1843' };

/** Signs a user up at the app. Resolves to a token for the service and the user's id; null if the user exists. */
export async function signUp(app, user) {
  const headers = { 'content-type': 'application/json', origin: app };
  const response = await fetch(`${app}/api/auth/sign-up/email`, {
    method: 'POST',
    headers,
    body: JSON.stringify(user),
  });
  if (response.status === 422) return null;
  if (!response.ok)
    throw new Error(`The sign-up was answered with ${response.status}: ${await response.text()}`);
  const cookie = response.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  const answer = await fetch(`${app}/api/auth/token`, { headers: { cookie } });
  return { token: (await answer.json()).token, id: (await response.json()).user.id };
}

const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const dateIn = (days) => {
  const date = new Date(Date.now() + days * 86_400_000);
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(date);
};
const weekday = (number, weeks = 0) => {
  const today = (new Date(`${dateIn(0)}T12:00:00Z`).getUTCDay() + 6) % 7;
  return dateIn(((number - today + 7) % 7 || 7) + weeks * 7);
};

const projects = [
  ['home', 'Home', '#2f8f83'],
  ['launch', 'Website launch', '#4a6fd1'],
  ['trip', 'Trip to Lisbon', '#c97a1e'],
  ['reading', 'Reading', '#8a5bb5'],
];

/** Tasks as [title, fields, subtasks]. */
const tasks = [
  ['Send the invoice to Morgan', { project: 'launch', due: -2, priority: 'high' }],
  ['Renew the library card', { project: 'home', due: -1 }],
  [
    'Stand-up with the design team',
    { project: 'launch', due: 0, time: '09:30', rrule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR' },
  ],
  ['Call the dentist', { due: 0, time: '16:00', tags: ['phone'], reminders: [{ minutes_before_due: 30 }] }],
  [
    'Review the pricing page',
    {
      project: 'launch',
      due: 0,
      priority: 'urgent',
      description: 'Compare the yearly and the monthly plans. Ask Priya about the footnote.',
    },
    [
      ['Check the numbers with finance', {}],
      ['Proofread the FAQ', { done: true }],
      ['Test on a phone', {}],
    ],
  ],
  ['Water the plants', { project: 'home', due: 0, rrule: 'FREQ=DAILY;INTERVAL=3', fromCompletion: true }],
  ['Buy oat milk and coffee', { project: 'home', due: 0, tags: ['errand'] }],
  ['Reply to Jonas about the weekend', { due: 0 }],
  ['Book the train to the airport', { project: 'trip', due: 1, time: '12:00', priority: 'high' }],
  ['Pick up the parcel', { due: 1, tags: ['errand'] }],
  ['Write the release notes', { project: 'launch', day: [4, 0] }],
  ['Clean the kitchen', { project: 'home', day: [5, 0], rrule: 'FREQ=WEEKLY;BYDAY=SA' }],
  ['Dinner with Lena', { day: [5, 0], time: '19:30' }],
  ['Plan the sprint', { project: 'launch', day: [0, 0], time: '10:00' }],
  ['Pay the rent', { project: 'home', monthly: 1, priority: 'high' }],
  ['Publish the website', { project: 'launch', day: [3, 1], priority: 'urgent' }],
  [
    'Pack for Lisbon',
    { project: 'trip', day: [4, 1] },
    [
      ['Passport', {}],
      ['Camera and charger', {}],
      ['Rain jacket', {}],
      ['A book for the flight', {}],
    ],
  ],
  ['Find a restaurant in Alfama', { project: 'trip' }],
  ['Print the boarding passes', { project: 'trip' }],
  ['Set up analytics', { project: 'launch' }],
  ['Collect quotes from the first users', { project: 'launch', tags: ['phone'] }],
  ['Fix the shelf in the hallway', { project: 'home', priority: 'low' }],
  ['“The Left Hand of Darkness”', { project: 'reading' }],
  ['“Thinking in Systems”', { project: 'reading' }],
  ['“A Pattern Language”', { project: 'reading', priority: 'low' }],
  ['Learn to make sourdough', { priority: 'low' }],
  ['Ask Sam for the photos', { tags: ['phone'] }],
];

const firstOfNextMonth = () => {
  const [year, month] = dateIn(0).split('-').map(Number);
  return month === 12 ? `${year + 1}-01-01` : `${year}-${String(month + 1).padStart(2, '0')}-01`;
};

/** Gives a lane the demo's projects and tasks. */
export async function seed(lane) {
  await lane.profile.update({ time_zone: zone });
  const ids = new Map();
  for (const [key, name, color] of projects) ids.set(key, (await lane.projects.create({ name, color })).id);
  const bodies = [];
  const add = ([title, fields, below = []], parent) => {
    const due = fields.monthly
      ? firstOfNextMonth()
      : fields.day
        ? weekday(...fields.day)
        : fields.due !== undefined
          ? dateIn(fields.due)
          : null;
    const rrule = fields.monthly ? 'FREQ=MONTHLY;BYMONTHDAY=1' : fields.rrule;
    const body = {
      id: randomUUID(),
      title,
      ...(parent ? { parent_id: parent } : { project_id: ids.get(fields.project) ?? null }),
      ...(due && { due_date: due }),
      ...(fields.time && { due_time: fields.time, time_zone: zone }),
      ...(rrule && { rrule, repeat_from: fields.fromCompletion ? 'completion' : 'schedule' }),
      ...(fields.priority && { priority: fields.priority }),
      ...(fields.description && { description: fields.description }),
      ...(fields.tags && { tags: fields.tags }),
      ...(fields.reminders && { reminders: fields.reminders }),
      ...(fields.done && { status: 'completed' }),
    };
    bodies.push(body);
    for (const each of below) add(each, body.id);
  };
  for (const each of tasks) add(each);
  await lane.batch({ operations: bodies.map((task) => ({ op: 'create_task', task })) });
}
