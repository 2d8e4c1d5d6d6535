import { useStats } from '@tasklane/sdk/react';

export function GetStats() {
  const stats = useStats();
  return <p>{stats?.overdue} overdue</p>;
}
