import { type RefObject, useLayoutEffect, useRef } from 'react';

const mostRows = 150;

/** Rows that move to another place slide there, and rows that appear fade in. */
export function useSlide(ref: RefObject<HTMLElement | null>, ids: readonly string[]): void {
  const before = useRef<ReadonlyMap<string, number>>(new Map());
  const key = ids.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows move when their order changes.
  useLayoutEffect(() => {
    const list = ref.current;
    if (!list || ids.length > mostRows) return;
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const top = list.getBoundingClientRect().top;
    const rows = [...list.querySelectorAll<HTMLElement>('[data-task]')];
    const places = new Map(
      rows.map((row) => [row.dataset.task as string, row.getBoundingClientRect().top - top]),
    );
    const former = before.current;
    before.current = places;
    if (isStill || former.size === 0) return;
    for (const row of rows) {
      const id = row.dataset.task as string;
      const [from, to] = [former.get(id), places.get(id) as number];
      if (from === to) continue;
      const frames =
        from === undefined
          ? [{ opacity: 0, transform: 'translateY(-4px)' }, {}]
          : [{ transform: `translateY(${from - to}px)` }, {}];
      row.animate(frames, { duration: 160, easing: 'ease-out' });
    }
  }, [key]);
}
