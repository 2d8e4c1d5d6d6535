import { useCallback, useEffect, useState } from 'react';
import { type DeletedProject, type TrashItem, useLaneStatus, useTasklane } from '@/lib/tasklane';

export interface Trash {
  readonly items: readonly TrashItem[];
  readonly projects: readonly DeletedProject[];
}

const most = 200;

/** What is in the trash. The device has no copy of it, so it is undefined until the service has answered. */
export function useTrash(): { trash: Trash | undefined; isAway: boolean; read: () => Promise<void> } {
  const { client, lane } = useTasklane();
  const { connection, pending } = useLaneStatus();
  const [trash, setTrash] = useState<Trash>();
  const [isAway, setAway] = useState(false);
  const userId = lane?.userId;
  const read = useCallback(async () => {
    const own = client.lane(userId).trash;
    try {
      const [tasks, projects] = await Promise.all([
        own.list({ limit: most }),
        own.listProjects({ limit: most }),
      ]);
      setTrash({ items: tasks.items, projects: projects.items });
      setAway(false);
    } catch {
      setAway(true);
    }
  }, [client, userId]);
  const isSettled = pending === 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is read again after changes were sent, and after a pause.
  useEffect(() => {
    if (isSettled) void read();
  }, [isSettled, connection, read]);
  return { trash, isAway, read };
}
