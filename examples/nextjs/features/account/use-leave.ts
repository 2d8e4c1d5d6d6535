import { changes } from '@/features/sync/words';
import { authClient } from '@/lib/auth-client';
import { openOverlay } from '@/lib/overlays';
import { UnsentWritesError, useTasklane } from '@/lib/tasklane';

/** Removes the copy from the device, and signs the user out. It asks before changes are lost, unless `discard` is true. */
export function useLeave(): (discard?: boolean) => Promise<void> {
  const { signOut } = useTasklane();
  return async function leave(discard = false) {
    try {
      await signOut({ discard });
    } catch (error) {
      if (!(error instanceof UnsentWritesError)) throw error;
      openOverlay('confirm', {
        title: 'Sign out?',
        text: `${changes(error.pending)} of this device ${error.pending === 1 ? 'is' : 'are'} not saved yet, and would be lost.`,
        action: 'Sign out and lose them',
        run: () => void leave(true),
      });
      return;
    }
    await authClient.signOut();
    location.assign('/sign-in');
  };
}
