'use client';
import { type KeyboardEvent, type ReactNode, useId, useState } from 'react';
import { fold } from '@/lib/text';
import { Icon, type IconName } from '@/ui/icons';
import { Popover } from '@/ui/popover';
import styles from './choice.module.css';

export interface Choice {
  readonly id: string;
  readonly title: string;
  readonly icon?: IconName | undefined;
  readonly dot?: string | null | undefined;
  readonly isChosen?: boolean;
}

export interface ChoicePopoverProps {
  readonly label: string;
  readonly anchor?: Element | null | undefined;
  readonly choices: readonly Choice[];
  readonly placeholder: string;
  /** What Enter makes of a text that no choice has. */
  readonly create?: { readonly label: (text: string) => string; readonly run: (text: string) => void };
  readonly onChoose: (id: string) => void;
  readonly onClose: () => void;
}

/** A list to choose from, with a field that narrows it. */
export function ChoicePopover({
  label,
  anchor,
  choices,
  placeholder,
  create,
  onChoose,
  onClose,
}: ChoicePopoverProps) {
  const id = useId();
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const wanted = fold(text.trim());
  const found = choices.filter(({ title }) => fold(title).includes(wanted));
  const canCreate = create && wanted !== '' && !choices.some(({ title }) => fold(title) === wanted);
  const rows: { id: string; node: ReactNode; run: () => void; isChosen?: boolean | undefined }[] = [
    ...found.map((choice) => ({
      id: choice.id,
      isChosen: choice.isChosen,
      run: () => onChoose(choice.id),
      node: (
        <>
          {choice.icon && <Icon name={choice.icon} size={18} />}
          {choice.dot !== undefined && (
            <span className={styles.dot} style={choice.dot ? { background: choice.dot } : undefined} />
          )}
          <span className={styles.title}>{choice.title}</span>
          {choice.isChosen && <Icon name="check" size={16} />}
        </>
      ),
    })),
    ...(canCreate
      ? [
          {
            id: 'create',
            run: () => create.run(text.trim()),
            node: (
              <>
                <Icon name="plus" size={18} />
                <span className={styles.title}>{create.label(text.trim())}</span>
              </>
            ),
          },
        ]
      : []),
  ];
  const index = Math.min(active, rows.length - 1);
  function press(event: KeyboardEvent) {
    if (event.key === 'ArrowDown') setActive(index >= rows.length - 1 ? 0 : index + 1);
    else if (event.key === 'ArrowUp') setActive(index <= 0 ? rows.length - 1 : index - 1);
    else if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      rows[index]?.run();
      setText('');
    } else return;
    event.preventDefault();
  }
  return (
    <Popover label={label} anchor={anchor} onClose={onClose} className={styles.popover}>
      <input
        className={styles.input}
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={rows[index] ? `${id}-${index}` : undefined}
        aria-label={label}
        placeholder={placeholder}
        value={text}
        data-autofocus=""
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={press}
      />
      <div id={`${id}-list`} role="listbox" aria-label={label} className={styles.rows}>
        {rows.map((row, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys.
          <div
            key={row.id}
            id={`${id}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={row.isChosen ?? false}
            data-active={place === index || undefined}
            className={styles.row}
            onPointerMove={() => setActive(place)}
            onClick={row.run}
          >
            {row.node}
          </div>
        ))}
      </div>
    </Popover>
  );
}
