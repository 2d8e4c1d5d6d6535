import type { Handlers } from '../../platform/contract/http/call';
import type { WritableLane } from '../../platform/database/lane';
import { toProfile } from './mapper';
import { findProfile, findTimeZone, knowsTimeZone, updateProfile } from './repository';

/** Called in the same write after the time zone of the profile has changed. */
export type OnTimeZoneChange = (
  lane: WritableLane,
  zones: { readonly before: string; readonly after: string },
) => Promise<void>;

/** The handlers of the profile. */
export const profileHandlers = (
  onTimeZoneChange: OnTimeZoneChange,
): Pick<Handlers, 'getProfile' | 'updateProfile' | 'eraseLane'> => ({
  async getProfile(call) {
    const row = await call.lane.read(findProfile);
    return call.reply(200, toProfile(call.path.user_id, row));
  },

  async updateProfile(call) {
    const { time_zone } = call.body;
    const row = await call.lane.write(async (lane) => {
      // Validation uses the time zones of this process. The database has its own list, so both must know the zone.
      if (time_zone !== undefined && !(await knowsTimeZone(lane, time_zone))) return undefined;
      const before = await findTimeZone(lane);
      const row = await updateProfile(lane, call.body);
      if (row.time_zone !== before) await onTimeZoneChange(lane, { before, after: row.time_zone });
      return row;
    });
    if (row) return call.reply(200, toProfile(call.path.user_id, row));
    return call.fail('validation-failed', {
      errors: [
        {
          pointer: '/body/time_zone',
          code: 'not-allowed',
          detail: 'must be a time zone that the service knows, in its exact spelling',
        },
      ],
    });
  },

  async eraseLane(call) {
    if (call.query.confirm !== call.path.user_id) {
      return call.fail('validation-failed', {
        errors: [
          { pointer: '/query/confirm', code: 'not-allowed', detail: 'must be the user_id of the path' },
        ],
      });
    }
    await call.lane.write(async (lane) => lane.erase());
    return call.reply(204);
  },
});
