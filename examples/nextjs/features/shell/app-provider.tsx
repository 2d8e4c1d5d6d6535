'use client';
import { createContext, type ReactNode, useContext, useEffect, useMemo } from 'react';
import { createActions } from '@/lib/actions';
import { type AppContext, createAppContext } from '@/lib/app-context';
import { useTasklane } from '@/lib/tasklane';
import { saveUnsaved } from '@/lib/unsaved';

const Context = createContext<AppContext | null>(null);

/** Gives the components below it the open lane, and what they can do with it. Until it is open, it shows `loading`. */
export function AppProvider({ children, loading }: { children: ReactNode; loading: ReactNode }) {
  const { lane } = useTasklane();
  const app = useMemo(() => (lane ? createAppContext(lane, createActions(lane)) : null), [lane]);
  useEffect(() => {
    if (!lane) return;
    const save = () => saveUnsaved(lane);
    save();
    // A page that comes back from the cache of the browser continues.
    addEventListener('pageshow', save);
    return () => removeEventListener('pageshow', save);
  }, [lane]);
  return app ? <Context.Provider value={app}>{children}</Context.Provider> : loading;
}

export function useApp(): AppContext {
  const app = useContext(Context);
  if (!app) throw new Error('useApp needs an <AppProvider> above it.');
  return app;
}
