import { useTasklane } from '@tasklane/sdk/react';

export function DeleteProject() {
  const { lane } = useTasklane();
  return (
    <button onClick={() => lane?.projects.delete('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d50', { tasks: 'move' })}>
      Delete a project
    </button>
  );
}
