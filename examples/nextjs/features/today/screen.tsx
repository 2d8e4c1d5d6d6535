'use client';
import { useMemo } from 'react';
import { Empty, ScreenFrame } from '@/features/shell/screen';
import { type Group, TaskList } from '@/features/tasks/list';
import { sayDay, sayWeekday } from '@/lib/dates';
import { openOverlay } from '@/lib/overlays';
import { useTasks } from '@/lib/tasklane';
import { useToday, useZone } from '@/lib/use-today';
import { Button } from '@/ui/button';

/** What is overdue, what has a time, and the rest of today. */
export function TodayScreen() {
  const today = useToday();
  const tz = useZone();
  const overdue = useTasks({ view: 'overdue', sort: ['due', 'position'], tz });
  const due = useTasks({ view: 'today', sort: ['due', 'position'], tz });
  const groups = useMemo((): Group[] => {
    // What is due later today, or was due earlier today, has its place below.
    const late = (overdue ?? []).filter((task) => !due?.includes(task));
    const timed = (due ?? []).filter((task) => task.due_date === today && task.due_time !== null);
    const rest = (due ?? [])
      .filter((task) => !timed.includes(task))
      .sort((one, other) => (one.position < other.position ? -1 : 1));
    const reschedule = (
      <Button
        look="quiet"
        onClick={(event) =>
          openOverlay('schedule', { taskIds: late.map(({ id }) => id), anchor: event.currentTarget })
        }
      >
        Reschedule all
      </Button>
    );
    return [
      { id: 'overdue', title: 'Overdue', action: reschedule, tasks: late },
      { id: 'timed', title: 'At a time', tasks: timed, hiddenDate: today },
      {
        id: 'rest',
        title: late.length + timed.length > 0 ? 'Any time' : undefined,
        tasks: rest,
        hiddenDate: today,
        isOrdered: true,
      },
    ];
  }, [overdue, due, today]);
  if (!due || !overdue) return <ScreenFrame title="Today">{null}</ScreenFrame>;
  return (
    <ScreenFrame title="Today" detail={`${sayWeekday(today)}, ${sayDay(today)}`}>
      <TaskList label="Today" groups={groups} showsProject />
      {groups.every(({ tasks }) => tasks.length === 0) && <Empty>Nothing is due today.</Empty>}
    </ScreenFrame>
  );
}
