import { useTaskActions } from '@tasklane/sdk/react';

export function MoveTask() {
  const { move } = useTaskActions();
  return (
    <button onClick={() => move('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', {
      after: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4f',
      project_id: null,
    })}>
      Move a task
    </button>
  );
}
