/**
 * Dragging rows with the mouse, or after a long press with a finger, and swiping them: to the right completes, to the left
 * reschedules.
 */
import { type RefObject, useEffect, useRef } from 'react';
import type { TaskMove } from '@/lib/tasklane';
import { orderedListOf } from './order';
import { branchOf, levelsAt, moveTo, type TreeRow } from './tree';

export const indentPx = 28;
const [dragAfterPx, swipeAfterPx, swipeFarPx] = [5, 12, 84];
const longPressMs = 350;
const edgePx = 56;

export interface Gestures {
  readonly onSwipe: (taskId: string, direction: 'right' | 'left', row: HTMLElement) => void;
  readonly onMove: (taskId: string, move: TaskMove, isTree: boolean) => void;
}

type Mode = 'waiting' | 'dragging' | 'swiping' | 'ended';

interface Target {
  readonly gap: number;
  readonly level: number;
}

/** A drag of a row over the rows of its list. */
function createDrag(
  list: HTMLElement,
  row: HTMLElement,
  rows: readonly TreeRow[],
  isTree: boolean,
  startX: number,
  startY: number,
) {
  const [from, count] = branchOf(rows, row.dataset.task as string);
  const branch = rows.slice(from, from + count);
  const level = branch[0]?.level ?? 0;
  const height = Math.max(...branch.map((each) => each.level)) - level;
  const others = [...rows.slice(0, from), ...rows.slice(from + count)];
  const elementOf = (each: TreeRow) =>
    list.querySelector<HTMLElement>(`[data-task="${CSS.escape(each.task.id)}"]`);
  const moving = branch.flatMap((each) => elementOf(each) ?? []);
  const scroller = list.closest('main');
  const startScroll = scroller?.scrollTop ?? 0;
  const line = document.createElement('div');
  line.dataset.dropLine = '';
  list.append(line);
  for (const each of moving) each.dataset.dragging = '';
  document.documentElement.dataset.dragging = '';
  let target: Target = { gap: from, level };
  let [x, y] = [startX, startY];
  let frame = 0;

  function show() {
    const scrolled = (scroller?.scrollTop ?? 0) - startScroll;
    for (const each of moving)
      each.style.transform = `translate(${isTree ? x - startX : 0}px, ${y - startY + scrolled}px)`;
    const boxes = others.map((each) => elementOf(each)?.getBoundingClientRect());
    const passed = boxes.findLastIndex((box) => box && y > box.top + box.height / 2);
    const gap = passed + 1;
    const [least, most] = isTree ? levelsAt(others, gap, height) : [0, 0];
    target = { gap, level: Math.max(least, Math.min(level + Math.round((x - startX) / indentPx), most)) };
    const around = list.getBoundingClientRect();
    const edge = boxes[gap]?.top ?? (boxes[gap - 1]?.bottom as number);
    line.style.transform = `translateY(${edge - around.top - 1}px)`;
    line.style.marginInlineStart = `${target.level * indentPx + 10}px`;
  }
  /** Scrolls while the pointer is at the edge of the page. */
  function scroll() {
    frame = requestAnimationFrame(scroll);
    if (!scroller) return;
    const { top, bottom } = scroller.getBoundingClientRect();
    const speed = y < top + edgePx ? -8 : y > bottom - edgePx ? 8 : 0;
    if (speed === 0) return;
    scroller.scrollTop += speed;
    show();
  }
  show();
  frame = requestAnimationFrame(scroll);
  return {
    follow(nextX: number, nextY: number) {
      [x, y] = [nextX, nextY];
      show();
    },
    end(): TaskMove | undefined {
      cancelAnimationFrame(frame);
      line.remove();
      delete document.documentElement.dataset.dragging;
      for (const each of moving) {
        delete each.dataset.dragging;
        each.style.transform = '';
      }
      const isSame = target.gap === from && target.level === level;
      return isSame ? undefined : moveTo(others, target.gap, target.level);
    },
  };
}

function follow(list: HTMLElement, row: HTMLElement, down: PointerEvent, gestures: () => Gestures): void {
  const isTouch = down.pointerType !== 'mouse';
  const taskId = row.dataset.task as string;
  const ordered = orderedListOf(taskId);
  const ending = new AbortController();
  const { signal } = ending;
  let mode: Mode = 'waiting';
  let drag: ReturnType<typeof createDrag> | undefined;
  const content = row.querySelector<HTMLElement>('[data-content]');

  function startDrag() {
    if (mode !== 'waiting' || !ordered) return;
    mode = 'dragging';
    drag = createDrag(list, row, ordered.rows, ordered.isTree, down.clientX, down.clientY);
    if (isTouch) navigator.vibrate?.(10);
  }
  const timer = isTouch ? setTimeout(startDrag, longPressMs) : undefined;

  function move(event: PointerEvent) {
    const [dx, dy] = [event.clientX - down.clientX, event.clientY - down.clientY];
    if (mode === 'waiting') {
      if (!isTouch && Math.hypot(dx, dy) > dragAfterPx) startDrag();
      else if (isTouch && Math.abs(dx) > swipeAfterPx && Math.abs(dx) > Math.abs(dy)) {
        clearTimeout(timer);
        mode = 'swiping';
      } else if (isTouch && Math.abs(dy) > swipeAfterPx) end();
    }
    if (mode === 'dragging') drag?.follow(event.clientX, event.clientY);
    if (mode === 'swiping' && content) {
      row.dataset.swipe = dx > 0 ? 'right' : 'left';
      row.toggleAttribute('data-swipe-far', Math.abs(dx) > swipeFarPx);
      content.style.transform = `translateX(${dx}px)`;
    }
  }
  function end() {
    clearTimeout(timer);
    mode = 'ended';
    ending.abort();
    if (content) content.style.transform = '';
    delete row.dataset.swipe;
    row.removeAttribute('data-swipe-far');
  }
  function up(event: PointerEvent) {
    const dx = event.clientX - down.clientX;
    const was = mode;
    const place = drag?.end();
    end();
    if (was === 'dragging' || was === 'swiping') {
      // The click that follows is not one.
      const stop = (click: Event) => {
        click.stopPropagation();
        click.preventDefault();
      };
      list.addEventListener('click', stop, { capture: true, once: true });
      setTimeout(() => list.removeEventListener('click', stop, { capture: true }));
    }
    if (place) gestures().onMove(taskId, place, ordered?.isTree ?? false);
    if (was === 'swiping' && Math.abs(dx) > swipeFarPx)
      gestures().onSwipe(taskId, dx > 0 ? 'right' : 'left', row);
  }
  function cancel() {
    drag?.end();
    end();
  }
  addEventListener('pointermove', move, { signal });
  addEventListener('pointerup', up, { signal });
  addEventListener('pointercancel', cancel, { signal });
  addEventListener(
    'keydown',
    (event) => {
      if (event.key !== 'Escape' || mode !== 'dragging') return;
      event.preventDefault();
      event.stopPropagation();
      cancel();
    },
    { signal, capture: true },
  );
  // The page must not scroll under a finger that drags.
  const hold = (event: TouchEvent) => {
    if (mode === 'dragging') event.preventDefault();
  };
  row.addEventListener('touchmove', hold, { signal, passive: false });
  row.addEventListener('contextmenu', (event) => isTouch && event.preventDefault(), { signal });
}

/** Follows the pointers over the rows of a list. */
export function useGestures(ref: RefObject<HTMLElement | null>, gestures: Gestures): void {
  const latest = useRef(gestures);
  latest.current = gestures;
  useEffect(() => {
    const list = ref.current;
    if (!list) return;
    const press = (event: PointerEvent) => {
      const row = (event.target as Element).closest<HTMLElement>('[data-task]');
      if (row && event.button === 0 && event.isPrimary) follow(list, row, event, () => latest.current);
    };
    list.addEventListener('pointerdown', press);
    return () => list.removeEventListener('pointerdown', press);
  }, [ref]);
}
