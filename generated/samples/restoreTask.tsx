import { useTaskActions } from '@tasklane/sdk/react';

export function RestoreTask() {
  const { restore } = useTaskActions();
  return (
    <button onClick={() => restore('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e')}>
      Restore a task
    </button>
  );
}
