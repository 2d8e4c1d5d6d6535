import { useTasklane } from '@tasklane/sdk/react';

export function CreateProject() {
  const { lane } = useTasklane();
  return (
    <button onClick={() => lane?.projects.create({ name: 'Garden', color: '#2f855a' })}>
      Create a project
    </button>
  );
}
