import type { CasesOf } from './cases';

const pathOf = (url: string) => new URL(url).pathname;

export const calendarFeedCases: CasesOf<
  'getCalendarFeed' | 'createCalendarFeed' | 'deleteCalendarFeed' | 'readCalendarFeed'
> = {
  getCalendarFeed: {
    200: async ({ send, lane }) => {
      const before = await send('GET', `${lane}/calendar-feed`);
      expect(before.body).toEqual({ active: false, created_at: null });
      const { body: feed } = await send('POST', `${lane}/calendar-feed`);
      const response = await send('GET', `${lane}/calendar-feed`);
      expect(response.body).toEqual({ active: true, created_at: feed.created_at });
      return response;
    },
  },
  createCalendarFeed: {
    201: async ({ send, lane, userId }) => {
      const response = await send('POST', `${lane}/calendar-feed`);
      expect(response.body.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/calendar\/[A-Za-z0-9_-]{43}\.ics$/);
      expect(response.headers.location).toBe(`/api/${userId}/calendar-feed`);
      return response;
    },
  },
  deleteCalendarFeed: {
    204: async ({ send, lane }) => {
      const { body: feed } = await send('POST', `${lane}/calendar-feed`);
      const response = await send('DELETE', `${lane}/calendar-feed`);
      expect((await send('GET', pathOf(feed.url))).status).toBe(404);
      expect((await send('GET', `${lane}/calendar-feed`)).body.active).toBe(false);
      return response;
    },
  },
  readCalendarFeed: {
    200: async ({ send, lane }) => {
      const { body: task } = await send('POST', `${lane}/tasks`, {
        body: { title: 'Due', due_date: '2026-11-28' },
      });
      await send('POST', `${lane}/tasks`, { body: { title: 'Not due' } });
      const { body: feed } = await send('POST', `${lane}/calendar-feed`);
      const response = await send('GET', pathOf(feed.url), { token: undefined });
      const at = task.created_at.replace(/[-:]|\.\d+/g, '');
      expect(response.body.split('\r\n')).toEqual([
        'BEGIN:VCALENDAR',
        'PRODID:-//Tasklane//Tasklane//EN',
        'VERSION:2.0',
        'CALSCALE:GREGORIAN',
        'X-WR-CALNAME:Tasks',
        'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
        'X-PUBLISHED-TTL:PT1H',
        'X-WR-TIMEZONE:UTC',
        'BEGIN:VEVENT',
        `UID:${task.id}`,
        `DTSTAMP:${at}`,
        `CREATED:${at}`,
        `LAST-MODIFIED:${at}`,
        'SEQUENCE:1',
        'SUMMARY:Due',
        'PRIORITY:5',
        'DTSTART;VALUE=DATE:20261128',
        'TRANSP:TRANSPARENT',
        'END:VEVENT',
        'END:VCALENDAR',
        '',
      ]);
      expect(response.headers['cache-control']).toBe('private, max-age=300');
      return response;
    },
    404: ({ send }) => send('GET', `/calendar/${'x'.repeat(43)}.ics`, { token: undefined }),
  },
};
