import { useSyncExternalStore } from 'react';
import { deviceZone, localNow } from './dates';
import { useProfile } from './tasklane';

const minuteMs = 60_000;

function subscribe(listener: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const tick = () => {
    listener();
    timer = setTimeout(tick, minuteMs - (Date.now() % minuteMs));
  };
  timer = setTimeout(tick, minuteMs - (Date.now() % minuteMs));
  document.addEventListener('visibilitychange', listener);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', listener);
  };
}

/** The time zone of the user's days. */
export function useZone(): string {
  const profile = useProfile();
  return profile?.updated_at ? profile.time_zone : deviceZone();
}

/** The local date and time `YYYY-MM-DDTHH:MM`, which changes at each full minute. */
export function useNow(): string {
  const zone = useZone();
  return useSyncExternalStore(
    subscribe,
    () => localNow(zone),
    () => '1970-01-01T00:00',
  );
}

/** Today's date. */
export function useToday(): string {
  const zone = useZone();
  return useSyncExternalStore(
    subscribe,
    () => localNow(zone).slice(0, 10),
    () => '1970-01-01',
  );
}
