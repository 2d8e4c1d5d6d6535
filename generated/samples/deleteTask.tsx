import { useTaskActions } from '@tasklane/sdk/react';

export function DeleteTask() {
  const { delete: deleteTask } = useTaskActions();
  return (
    <button onClick={() => deleteTask('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e')}>
      Delete a task
    </button>
  );
}
