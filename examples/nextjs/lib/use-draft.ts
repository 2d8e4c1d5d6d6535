import { useCallback, useEffect, useRef, useState } from 'react';

const pauseMs = 500;

export interface Draft {
  readonly value: string;
  readonly change: (next: string) => void;
  /** Saves now. */
  readonly flush: () => void;
}

/**
 * A text that is saved while somebody writes it: after a short pause, and when the field loses the focus (call `flush`). If the
 * page is left before that, `keep` gets it. While nobody writes, it follows `stored`.
 */
export function useDraft(stored: string, save: (text: string) => void, keep: (text: string) => void): Draft {
  const [draft, setDraft] = useState<string>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef({ draft, stored, save, keep });
  latest.current = { draft, stored, save, keep };
  const flush = useCallback(() => {
    clearTimeout(timer.current);
    const { draft: text, stored: former, save: store } = latest.current;
    latest.current.draft = undefined;
    setDraft(undefined);
    if (text !== undefined && text !== former) store(text);
  }, []);
  useEffect(() => {
    const leave = () => {
      const { draft: text, stored: former, keep: store } = latest.current;
      if (text !== undefined && text !== former) store(text);
    };
    addEventListener('pagehide', leave);
    return () => {
      removeEventListener('pagehide', leave);
      flush();
    };
  }, [flush]);
  return {
    value: draft ?? stored,
    change(next) {
      setDraft(next);
      latest.current.draft = next;
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        const { draft: text, stored: former, save: store } = latest.current;
        if (text !== undefined && text !== former) store(text);
      }, pauseMs);
    },
    flush,
  };
}
