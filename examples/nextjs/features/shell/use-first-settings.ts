import { useEffect } from 'react';
import { deviceZone } from '@/lib/dates';
import { useLaneStatus, useProfile } from '@/lib/tasklane';
import { useApp } from './app-provider';

/** A new user's days are those of the device. */
export function useFirstSettings(): void {
  const { lane } = useApp();
  const { complete } = useLaneStatus();
  const profile = useProfile();
  const isNew = complete && profile?.updated_at === null && profile.time_zone !== deviceZone();
  useEffect(() => {
    if (isNew) lane.profile.update({ time_zone: deviceZone() });
  }, [isNew, lane]);
}
