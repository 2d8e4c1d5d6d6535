import { useTaskActions } from '@tasklane/sdk/react';

export function UpdateTask() {
  const { update } = useTaskActions();
  return (
    <button onClick={() => update('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e', {
      description: 'The fern twice.',
      project_id: null,
    })}>
      Change a task
    </button>
  );
}
