import { useTasklane } from '@tasklane/sdk/react';

export function UpdateProfile() {
  const { lane } = useTasklane();
  return (
    <button onClick={() => lane?.profile.update({ time_zone: 'Europe/Zurich' })}>
      Change the profile
    </button>
  );
}
