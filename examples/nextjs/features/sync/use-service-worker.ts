import { useEffect } from 'react';

/** Lets the app open without a network, in builds for production. */
export function useServiceWorker(): void {
  useEffect(() => {
    if (process.env.NODE_ENV !== 'production') return;
    // Without it, as in pages that are not secure, the app needs a network to open.
    navigator.serviceWorker
      ?.register('/service-worker.js', { updateViaCache: 'none' })
      .catch(() => undefined);
  }, []);
}
