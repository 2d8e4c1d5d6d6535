import type { ValidationError } from '../../platform/contract/document/operations';
import { inBody } from '../../platform/contract/document/validation-errors';
import type { Handlers } from '../../platform/contract/http/call';
import { splitReadOnly } from '../../platform/contract/read-only';
import type { WritableLane } from '../../platform/database/lane';
import { toProfile } from './mapper';
import { findProfile, knowsTimeZone, updateProfile } from './repository';

/** Called with the new time zone of the profile, in the write that changed it. */
export type OnTimeZoneChange = (lane: WritableLane, zone: string) => Promise<void>;

const readOnly = ['user_id', 'version', 'updated_at'] as const;

const unknownZone: ValidationError = {
  pointer: '/time_zone',
  code: 'not-allowed',
  detail: 'must be a time zone that the service knows, in its exact spelling',
};

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
    const outcome = await call.lane.write(async (lane) => {
      const shown = toProfile(call.path.user_id, await findProfile(lane));
      const { wanted, errors } = splitReadOnly(call.body, shown, readOnly);
      // Validation uses the time zones of this process. The database has its own list, so both must know the zone.
      const isUnknown = time_zone !== undefined && !(await knowsTimeZone(lane, time_zone));
      if (isUnknown || errors.length > 0) return { errors: isUnknown ? [...errors, unknownZone] : errors };
      const before = shown.time_zone;
      const row = await updateProfile(lane, wanted);
      if (row.time_zone !== before) await onTimeZoneChange(lane, row.time_zone);
      return row;
    });
    if ('errors' in outcome) return call.fail('validation-failed', { errors: inBody(outcome.errors) });
    return call.reply(200, toProfile(call.path.user_id, outcome));
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
