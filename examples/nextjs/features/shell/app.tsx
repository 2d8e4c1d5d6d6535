'use client';
import { type ComponentType, type ReactNode, Suspense, useEffect } from 'react';
import { Details } from '@/features/details/details';
import { OverlayHost } from '@/features/overlays';
import { useNotifier } from '@/features/reminders/use-notifier';
import { screenComponents } from '@/features/screens';
import { SyncSign } from '@/features/sync/sign';
import { useServiceWorker } from '@/features/sync/use-service-worker';
import { loadPreferences, preferences } from '@/lib/preferences';
import { navigate, useAddress } from '@/lib/router';
import type { ScreenId } from '@/lib/screens';
import { Backend, type Service, useLaneStatus } from '@/lib/tasklane';
import { useMedia } from '@/lib/use-media';
import { Toasts } from '@/ui/toast';
import styles from './app.module.css';
import { AppProvider } from './app-provider';
import { BottomBar } from './bottom-bar';
import { Boundary } from './boundary';
import { Sidebar } from './sidebar';
import { useFirstSettings } from './use-first-settings';
import { useKeys } from './use-keys';

/** The app of a signed-in user. */
export function App({ service }: { service: Service }) {
  useTheme();
  useServiceWorker();
  return (
    <Backend service={service}>
      <SignedIn>
        <AppProvider loading={<div className={styles.app} aria-busy="true" />}>
          <Frame />
        </AppProvider>
      </SignedIn>
      <Toasts />
    </Backend>
  );
}

function useTheme(): void {
  useEffect(() => {
    const apply = () => {
      document.documentElement.dataset.theme = preferences.get().theme;
    };
    loadPreferences();
    apply();
    return preferences.subscribe(apply);
  }, []);
}

/** Leads to the sign-in if nobody is signed in and the device has no copy to show. */
function SignedIn({ children }: { children: ReactNode }) {
  const { connection, complete } = useLaneStatus();
  const isOut = connection === 'signed-out' && !complete;
  useEffect(() => {
    if (!isOut) return;
    const here =
      location.pathname === '/' ? '' : `?to=${encodeURIComponent(location.pathname + location.search)}`;
    location.replace(`/sign-in${here}`);
  }, [isOut]);
  return isOut ? null : children;
}

function Frame() {
  useKeys();
  useFirstSettings();
  useNotifier();
  const address = useAddress();
  const [, id = '', ...rest] = address?.pathname.split('/') ?? [];
  const Screen = screenComponents[id as ScreenId] as ComponentType<{ rest: string }> | undefined;
  useEffect(() => {
    if (address && !Screen) navigate('/today', { replace: true });
  }, [address, Screen]);
  const taskId = address?.searchParams.get('task') ?? null;
  const isSheet = useMedia('(max-width: 1099px)');
  const isCovered = isSheet && taskId !== null;
  return (
    <div className={styles.app} data-details={taskId !== null || undefined}>
      <Sidebar current={id} rest={decodeURIComponent(rest.join('/'))} inert={isCovered} />
      <main className={styles.main} inert={isCovered}>
        <Boundary key={address?.pathname}>
          <Suspense>{Screen && <Screen rest={decodeURIComponent(rest.join('/'))} />}</Suspense>
        </Boundary>
      </main>
      {taskId !== null && <Details key={taskId} taskId={taskId} isSheet={isSheet} />}
      <BottomBar current={id} inert={isCovered} />
      <SyncSign />
      <OverlayHost />
    </div>
  );
}
