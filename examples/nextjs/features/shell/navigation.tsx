'use client';
import { useMemo } from 'react';
import { openOverlay } from '@/lib/overlays';
import { sidebarScreens } from '@/lib/screens';
import { useProjects, useTags, useTasks } from '@/lib/tasklane';
import { useZone } from '@/lib/use-today';
import { Icon } from '@/ui/icons';
import { Link } from './link';
import styles from './navigation.module.css';

/** How many open tasks there are, by project, and for today. */
function useCounts() {
  const tz = useZone();
  const open = useTasks({ status: ['pending', 'in_progress'] });
  const now = useTasks({ view: 'today', tz });
  const late = useTasks({ view: 'overdue', tz });
  return useMemo(() => {
    const byProject = new Map<string | null, number>();
    for (const { project_id } of open ?? []) byProject.set(project_id, (byProject.get(project_id) ?? 0) + 1);
    const overdue = (late ?? []).filter((task) => !now?.includes(task)).length;
    return {
      overdue,
      of: (screen: string, rest = '') =>
        screen === 'today'
          ? (now?.length ?? 0) + overdue
          : screen === 'project'
            ? (byProject.get(rest) ?? 0)
            : screen === 'inbox'
              ? (byProject.get(null) ?? 0)
              : 0,
    };
  }, [open, now, late]);
}

/** The links to all screens, projects and tags. */
export function Navigation({ current, rest }: { current: string; rest: string }) {
  const projects = useProjects({ archived: false }) ?? [];
  const tags = useTags() ?? [];
  const counts = useCounts();
  const isCurrent = (id: string, own = '') => (current === id && rest === own ? 'page' : undefined);
  return (
    <>
      <ul>
        {sidebarScreens.map(({ id, title, icon }) => (
          <li key={id}>
            <Link href={`/${id}`} className={styles.link} aria-current={isCurrent(id)}>
              <Icon name={icon} />
              <span className={styles.name}>{title}</span>
              <Count value={counts.of(id)} isLate={id === 'today' && counts.overdue > 0} />
            </Link>
          </li>
        ))}
      </ul>
      <section aria-label="Projects" className={styles.section}>
        <div className={styles.heading}>
          <h2>Projects</h2>
          <button
            type="button"
            aria-label="Find or add a project"
            onClick={() => openOverlay('go-to-project', {})}
          >
            <Icon name="plus" size={16} />
          </button>
        </div>
        <ul>
          {projects.map(({ id, name, color }) => (
            <li key={id}>
              <Link href={`/project/${id}`} className={styles.link} aria-current={isCurrent('project', id)}>
                <span className={styles.dot} style={color ? { background: color } : undefined} />
                <span className={styles.name}>{name}</span>
                <Count value={counts.of('project', id)} />
              </Link>
            </li>
          ))}
        </ul>
      </section>
      {tags.length > 0 && (
        <section aria-label="Tags" className={styles.section}>
          <div className={styles.heading}>
            <h2>Tags</h2>
          </div>
          <ul>
            {tags.map(({ id, name }) => (
              <li key={id}>
                <Link
                  href={`/tag/${encodeURIComponent(name)}`}
                  className={styles.link}
                  aria-current={isCurrent('tag', name)}
                >
                  <Icon name="tag" />
                  <span className={styles.name}>{name}</span>
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Count({ value, isLate = false }: { value: number; isLate?: boolean }) {
  if (value === 0) return null;
  return (
    <span className={styles.count} data-late={isLate || undefined}>
      {value}
      <span className="visually-hidden"> tasks</span>
    </span>
  );
}
