import { useTasklane } from '@tasklane/sdk/react';

export function RestoreProject() {
  const { lane } = useTasklane();
  return (
    <button onClick={() => lane?.projects.restore('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d50')}>
      Restore a project
    </button>
  );
}
