'use client';
import { type ComponentProps, useLayoutEffect, useRef } from 'react';

/** A text area that is as high as its text. */
export function TextArea(props: ComponentProps<'textarea'> & { value: string }) {
  const ref = useRef<HTMLTextAreaElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height depends on the text.
  useLayoutEffect(() => {
    const field = ref.current as HTMLTextAreaElement;
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight}px`;
  }, [props.value]);
  return <textarea ref={ref} rows={1} {...props} />;
}
