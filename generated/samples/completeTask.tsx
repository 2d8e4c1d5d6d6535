import { useTaskActions } from '@tasklane/sdk/react';

export function CompleteTask() {
  const { complete, reopen } = useTaskActions();
  return (
    <>
      <button onClick={() => complete('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e')}>
        Complete
      </button>
      <button onClick={() => reopen('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e')}>
        Reopen
      </button>
    </>
  );
}
