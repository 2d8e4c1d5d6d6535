'use client';
import { type FormEvent, useId, useState } from 'react';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import styles from './confirm.module.css';

interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  /** What the button says: a verb with its object. */
  readonly action: string;
  /** What must be typed first. */
  readonly typed?: string | undefined;
  readonly run: () => void;
}

declare module '@/lib/overlays' {
  interface Overlays {
    confirm: ConfirmProps;
  }
}

/** Asks before something that cannot be taken back. */
export default function Confirm({
  title,
  text,
  action,
  typed,
  run,
  onClose,
}: ConfirmProps & { onClose: () => void }) {
  const id = useId();
  const [value, setValue] = useState('');
  const isSure = typed === undefined || value.trim() === typed;
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!isSure) return;
    onClose();
    run();
  }
  return (
    <Dialog label={title} onClose={onClose} className={styles.dialog}>
      <form className={styles.form} onSubmit={submit}>
        <h2>{title}</h2>
        <p className={styles.text}>{text}</p>
        {typed !== undefined && (
          <label htmlFor={id} className={styles.field}>
            Type “{typed}” to go on
            <input
              id={id}
              autoComplete="off"
              spellCheck={false}
              value={value}
              onChange={(event) => setValue(event.target.value)}
            />
          </label>
        )}
        <div className={styles.actions}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={!isSure}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
