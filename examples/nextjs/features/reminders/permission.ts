import { useState } from 'react';
import { preferences, setPreference } from '@/lib/preferences';
import { useStore } from '@/lib/store';

const permission = (): NotificationPermission =>
  typeof Notification === 'undefined' ? 'denied' : Notification.permission;

/** Whether reminders show as notifications, and how that is changed. The browser asks the user the first time. */
export function useNotifications() {
  const { notifies } = useStore(preferences);
  const [given, setGiven] = useState(permission);
  return {
    isOn: notifies && given === 'granted',
    isBlocked: given === 'denied',
    async set(isOn: boolean) {
      if (isOn && permission() === 'default') setGiven(await Notification.requestPermission());
      setPreference({ notifies: isOn && permission() === 'granted' });
    },
  };
}
