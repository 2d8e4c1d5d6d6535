'use client';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { commands } from '@/features/commands';
import { useApp } from '@/features/shell/app-provider';
import { overlay } from '@/lib/overlays';
import { useProjects, useTags, useTasks } from '@/lib/tasklane';
import { Dialog } from '@/ui/dialog';
import { Icon } from '@/ui/icons';
import { Keys } from '@/ui/keys';
import { findItems, type Item } from './items';
import styles from './palette.module.css';

declare module '@/lib/overlays' {
  interface Overlays {
    palette: object;
  }
}

/** Finds tasks, projects, tags and commands while the user types, in what the device has. */
export function Palette({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const id = useId();
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const tasks = useTasks({ sort: '-updated_at' });
  const projects = useProjects({ archived: false });
  const tags = useTags();
  const runnable = useMemo(
    () => commands.filter(({ hidden, when }) => !hidden && (when?.(app) ?? true)),
    [app],
  );
  const sections = useMemo(
    () =>
      findItems(query, {
        tasks: tasks ?? [],
        projects: projects ?? [],
        tags: tags ?? [],
        commands: runnable,
      }),
    [query, tasks, projects, tags, runnable],
  );
  const items = sections.flatMap((section) => section.items);
  const index = Math.min(active, items.length - 1);
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the row with this index scrolls into view.
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [index, query]);

  function run(item: Item | undefined) {
    if (!item) return;
    item.run(app);
    // The command may have opened another overlay, which takes its place.
    if (overlay.get()?.name === 'palette') onClose();
  }
  function press(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'ArrowDown') setActive(index >= items.length - 1 ? 0 : index + 1);
    else if (event.key === 'ArrowUp') setActive(index <= 0 ? items.length - 1 : index - 1);
    else if (event.key === 'Enter') run(items[index]);
    else return;
    event.preventDefault();
  }
  return (
    <Dialog label="Search tasks and commands" place="top" onClose={onClose} className={styles.dialog}>
      <div className={styles.field}>
        <Icon name="search" />
        <input
          className={styles.input}
          role="combobox"
          aria-expanded={items.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={items[index] && `${id}-${index}`}
          aria-label="Search tasks and commands"
          placeholder="Search, or type a command…"
          autoComplete="off"
          spellCheck={false}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setActive(0);
          }}
          onKeyDown={press}
        />
      </div>
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label="Results"
        tabIndex={-1}
        className={styles.list}
      >
        {sections.map(({ title, items: own }) => (
          // biome-ignore lint/a11y/useSemanticElements: a listbox has groups.
          <div key={title} role="group" aria-label={title}>
            <p className={styles.heading} aria-hidden="true">
              {title}
            </p>
            {own.map((item) => {
              const place = items.indexOf(item);
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys.
                <div
                  key={item.id}
                  id={`${id}-${place}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={place === index}
                  className={styles.item}
                  data-done={item.isDone || undefined}
                  onPointerMove={() => setActive(place)}
                  onClick={() => run(item)}
                >
                  {item.dot !== undefined ? (
                    <span className={styles.dot} style={item.dot ? { background: item.dot } : undefined} />
                  ) : (
                    item.icon && <Icon name={item.icon} size={18} />
                  )}
                  <span className={styles.title}>{item.title}</span>
                  {item.detail && <span className={styles.detail}>{item.detail}</span>}
                  {item.keys && <Keys keys={item.keys} />}
                </div>
              );
            })}
          </div>
        ))}
      </div>
      {items.length === 0 && (
        <p className={styles.none} role="status">
          Nothing on this device has these words.
        </p>
      )}
    </Dialog>
  );
}
