'use client';
import type { KeyboardEvent, ReactNode } from 'react';
import { Icon, type IconName } from './icons';
import { Keys } from './keys';
import styles from './menu.module.css';
import { Popover } from './popover';

export interface MenuItem {
  readonly id: string;
  readonly title: ReactNode;
  readonly icon?: IconName | undefined;
  /** The keys of the command, as in `Command.keys`. */
  readonly keys?: string | undefined;
  readonly isChecked?: boolean | undefined;
  readonly run: () => void;
}

/** A list of commands beside its anchor. The arrow keys and letters move the focus. */
export function Menu({
  label,
  anchor,
  items,
  onClose,
}: {
  label: string;
  anchor?: Element | null | undefined;
  items: readonly MenuItem[];
  onClose: () => void;
}) {
  function move(event: KeyboardEvent<HTMLDivElement>) {
    const buttons = [...event.currentTarget.querySelectorAll('button')];
    const index = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const last = buttons.length - 1;
    const letter = event.key.length === 1 && event.key !== ' ' ? event.key.toLowerCase() : undefined;
    const targets: Record<string, number> = {
      ArrowDown: index >= last ? 0 : index + 1,
      ArrowUp: index <= 0 ? last : index - 1,
      Home: 0,
      End: last,
    };
    const target = letter
      ? buttons.findIndex((each) => each.textContent?.trim().toLowerCase().startsWith(letter))
      : targets[event.key];
    if (target === undefined || target < 0) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[target]?.focus();
  }
  return (
    <Popover label={label} anchor={anchor} onClose={onClose}>
      <div role="menu" aria-label={label} tabIndex={-1} className={styles.menu} onKeyDown={move}>
        {items.map(({ id, title, icon, keys, isChecked, run }, index) => (
          <button
            key={id}
            type="button"
            role={isChecked === undefined ? 'menuitem' : 'menuitemradio'}
            {...(isChecked !== undefined && { 'aria-checked': isChecked })}
            data-autofocus={(items.some((each) => each.isChecked) ? isChecked : index === 0) ? '' : undefined}
            className={styles.item}
            onClick={() => {
              onClose();
              run();
            }}
          >
            {icon && <Icon name={icon} size={18} />}
            <span className={styles.title}>{title}</span>
            {isChecked && <Icon name="check" size={16} />}
            {keys && <Keys keys={keys} />}
          </button>
        ))}
      </div>
    </Popover>
  );
}
