'use client';
import { Component, type ReactNode } from 'react';
import { Button } from '@/ui/button';
import { Empty, ScreenFrame } from './screen';

/**
 * Stands in for a screen that failed, for example because its code could not be loaded. With `onError`, nothing shows instead.
 */
export class Boundary extends Component<{ children: ReactNode; onError?: () => void }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override componentDidCatch() {
    this.props.onError?.();
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    if (this.props.onError) return null;
    return (
      <ScreenFrame title="Something went wrong">
        <Empty action={<Button onClick={() => location.reload()}>Load the page again</Button>}>
          This screen cannot be shown. Your changes are kept.
        </Empty>
      </ScreenFrame>
    );
  }
}
