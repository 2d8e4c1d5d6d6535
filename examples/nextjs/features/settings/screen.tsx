'use client';
import { type ReactNode, useId, useMemo } from 'react';
import { useLeave } from '@/features/account/use-leave';
import { ClientSettings } from '@/features/clients/clients';
import { useNotifications } from '@/features/reminders/permission';
import { useApp } from '@/features/shell/app-provider';
import { ScreenFrame } from '@/features/shell/screen';
import { priorities, priorityNames } from '@/features/tasks/commands';
import { CalendarFeedSettings } from '@/features/transfer/calendar-feed';
import { ExportSettings } from '@/features/transfer/export';
import { ImportSettings } from '@/features/transfer/import';
import { openOverlay } from '@/lib/overlays';
import { preferences, setPreference } from '@/lib/preferences';
import { useStore } from '@/lib/store';
import { type ProfilePatch, useProfile, useTasklane } from '@/lib/tasklane';
import { useZone } from '@/lib/use-today';
import { Button } from '@/ui/button';
import { Switch } from '@/ui/switch';
import { showToast } from '@/ui/toast';
import styles from './screen.module.css';

const themes = { system: 'As the system', light: 'Light', dark: 'Dark' };
const weekStarts = { monday: 'Monday', sunday: 'Sunday', saturday: 'Saturday' };

export default function SettingsScreen() {
  const app = useApp();
  const { client } = useTasklane();
  const leave = useLeave();
  const profile = useProfile();
  const zone = useZone();
  const { theme, singleKeys } = useStore(preferences);
  const zones = useMemo(() => {
    const all = Object.fromEntries(
      Intl.supportedValuesOf('timeZone').map((each) => [each, each.replaceAll('_', ' ')]),
    );
    return { [zone]: zone, UTC: 'UTC', ...all };
  }, [zone]);
  const change = (body: ProfilePatch) => void app.actions.changeSettings(body);
  async function erase() {
    try {
      await client.lane(app.lane.userId).erase({ confirm: app.lane.userId });
    } catch {
      showToast({ text: 'The service cannot be reached. Nothing was erased.' });
      return;
    }
    // The service refuses the tokens of before, so the user signs in again.
    await leave(true);
  }
  return (
    <ScreenFrame title="Settings">
      <Section title="You">
        <Select
          label="Time zone"
          value={zone}
          options={zones}
          onChange={(time_zone) => change({ time_zone })}
        />
        <Select
          label="The week begins on"
          value={profile?.week_start ?? 'monday'}
          options={weekStarts}
          onChange={(week_start) => change({ week_start })}
        />
        <Select
          label="Priority of new tasks"
          value={profile?.default_priority ?? 'medium'}
          options={
            Object.fromEntries(priorities.map((id) => [id, priorityNames[id]])) as typeof priorityNames
          }
          onChange={(default_priority) => change({ default_priority })}
        />
      </Section>
      <Section title="This device">
        <Select
          label="Theme"
          value={theme}
          options={themes}
          onChange={(next) => setPreference({ theme: next })}
        />
        <Switch isOn={singleKeys} onChange={(isOn) => setPreference({ singleKeys: isOn })}>
          Single keys are shortcuts
        </Switch>
        <Notifications />
      </Section>
      <Section title="Import">
        <ImportSettings />
      </Section>
      <Section title="Export">
        <ExportSettings />
      </Section>
      <Section title="Calendar">
        <CalendarFeedSettings />
      </Section>
      <Section title="Agents and other programs">
        <ClientSettings />
      </Section>
      <Section title="Erase">
        <p className={styles.text}>
          All tasks, projects, tags and settings are deleted for good, on all devices. You are signed out
          after that.
        </p>
        <Button
          onClick={() =>
            openOverlay('confirm', {
              title: 'Erase everything?',
              text: 'All tasks, projects, tags and settings are deleted for good. An export keeps a copy of them.',
              action: 'Erase everything',
              typed: 'erase everything',
              run: () => void erase(),
            })
          }
        >
          Erase everything…
        </Button>
      </Section>
    </ScreenFrame>
  );
}

function Notifications() {
  const { isOn, isBlocked, set } = useNotifications();
  return (
    <>
      <Switch isOn={isOn} onChange={(next) => void set(next)}>
        Show reminders as notifications
      </Switch>
      <p className={styles.text}>
        {isBlocked
          ? 'The browser blocks notifications of this page. Its settings can allow them.'
          : 'They show while Tasklane is open in a tab of this device.'}
      </p>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.section} aria-label={title}>
      <h2>{title}</h2>
      <div className={styles.body}>{children}</div>
    </section>
  );
}

function Select<Value extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: Value;
  options: Readonly<Record<Value, string>>;
  onChange: (value: Value) => void;
}) {
  const id = useId();
  return (
    <div className={styles.line}>
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className={styles.select}
        value={value}
        onChange={(event) => onChange(event.target.value as Value)}
      >
        {Object.entries<string>(options).map(([each, name]) => (
          <option key={each} value={each}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
