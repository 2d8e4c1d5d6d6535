import { useTasklane } from '@tasklane/sdk/react';

export function DeleteTag() {
  const { lane } = useTasklane();
  return (
    <button onClick={() => lane?.tags.delete('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d60')}>
      Delete a tag
    </button>
  );
}
