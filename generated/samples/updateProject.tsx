import { useTasklane } from '@tasklane/sdk/react';

export function UpdateProject() {
  const { lane } = useTasklane();
  return (
    <button onClick={() => lane?.projects.update('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d50', {
      name: 'Garden',
    })}>
      Change a project
    </button>
  );
}
