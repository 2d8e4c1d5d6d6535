import { useTask } from '@tasklane/sdk/react';

export function GetTask() {
  const task = useTask('019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e');
  return <p>{task?.title}</p>;
}
