import { createTasklane, isProblem } from '@tasklane/sdk';
import { Tasks } from './tasks';

// A module of the server. Nothing is requested while the page is built.
const tasklane = createTasklane({ baseUrl: 'http://127.0.0.1:8000', token: () => null });

export default function Page() {
  return (
    <main>
      <p>{`${tasklane.baseUrl} ${isProblem(undefined)}`}</p>
      <Tasks />
    </main>
  );
}
