import { useTaskActions } from '@tasklane/sdk/react';

export function SkipOccurrence() {
  const { skip } = useTaskActions();
  return (
    <button onClick={() => skip('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', { occurrence: '2026-11-28' })}>
      Skip an occurrence
    </button>
  );
}
