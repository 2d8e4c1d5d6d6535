/** Dragging cards between columns with the mouse, or after a long press with a finger. */
import { type RefObject, useEffect, useRef } from 'react';

const dragAfterPx = 5;
const longPressMs = 350;

const columnAt = (x: number, y: number): HTMLElement | null =>
  document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-column]') ?? null;

function follow(card: HTMLElement, down: PointerEvent, drop: (taskId: string, column: string) => void): void {
  const isTouch = down.pointerType === 'touch';
  const ending = new AbortController();
  const { signal } = ending;
  let isDragging = false;
  let over: HTMLElement | null = null;
  const begin = () => {
    isDragging = true;
    card.dataset.dragging = '';
    if (isTouch) navigator.vibrate?.(10);
  };
  const timer = isTouch ? setTimeout(begin, longPressMs) : undefined;
  function setOver(column: HTMLElement | null) {
    if (over === column) return;
    if (over) delete over.dataset.over;
    over = column;
    if (over) over.dataset.over = '';
  }
  function end() {
    clearTimeout(timer);
    ending.abort();
    delete card.dataset.dragging;
    card.style.transform = '';
    setOver(null);
  }
  function move(event: PointerEvent) {
    const [dx, dy] = [event.clientX - down.clientX, event.clientY - down.clientY];
    const isFar = Math.hypot(dx, dy) > dragAfterPx;
    if (!isDragging && isFar) {
      if (isTouch) return end();
      begin();
    }
    if (!isDragging) return;
    card.style.transform = `translate(${dx}px, ${dy}px)`;
    setOver(columnAt(event.clientX, event.clientY));
  }
  function up() {
    const [wasDragging, column] = [isDragging, over?.dataset.column];
    end();
    if (!wasDragging) return;
    // The click that follows does not open the task.
    const stop = (click: Event) => click.stopPropagation();
    addEventListener('click', stop, { capture: true, once: true });
    setTimeout(() => removeEventListener('click', stop, { capture: true }));
    if (column) drop(card.dataset.task as string, column);
  }
  addEventListener('pointermove', move, { signal });
  addEventListener('pointerup', up, { signal });
  addEventListener('pointercancel', end, { signal });
  const leave = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !isDragging) return;
    event.preventDefault();
    event.stopPropagation();
    end();
  };
  addEventListener('keydown', leave, { signal, capture: true });
  // The page must not scroll under a finger that drags.
  card.addEventListener('touchmove', (event) => isDragging && event.preventDefault(), {
    signal,
    passive: false,
  });
  card.addEventListener('contextmenu', (event) => isTouch && event.preventDefault(), { signal });
}

/** Follows the pointers over the cards below an element. */
export function useCardDrag(
  ref: RefObject<HTMLElement | null>,
  drop: (taskId: string, column: string) => void,
): void {
  const latest = useRef(drop);
  latest.current = drop;
  useEffect(() => {
    const board = ref.current;
    if (!board) return;
    const press = (event: PointerEvent) => {
      const card = (event.target as Element).closest<HTMLElement>('[data-task]');
      if (card && event.button === 0 && event.isPrimary)
        follow(card, event, (taskId, column) => latest.current(taskId, column));
    };
    board.addEventListener('pointerdown', press);
    return () => board.removeEventListener('pointerdown', press);
  }, [ref]);
}
