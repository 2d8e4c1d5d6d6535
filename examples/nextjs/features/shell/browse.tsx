'use client';
import { useEffect } from 'react';
import { AccountMenu } from '@/features/account/account-menu';
import { openOverlay } from '@/lib/overlays';
import { navigate } from '@/lib/router';
import { useMedia } from '@/lib/use-media';
import { Button } from '@/ui/button';
import { Icon } from '@/ui/icons';
import { Navigation } from './navigation';
import { ScreenFrame } from './screen';

/** What phones show instead of the sidebar. */
export default function BrowseScreen() {
  const isPhone = useMedia('(max-width: 767px)');
  useEffect(() => {
    if (!isPhone) navigate('/today', { replace: true });
  }, [isPhone]);
  return (
    <ScreenFrame
      title="Browse"
      actions={
        <>
          <Button look="icon" aria-label="Search" onClick={() => openOverlay('palette', {})}>
            <Icon name="search" />
          </Button>
          <AccountMenu />
        </>
      }
    >
      <Navigation current="browse" rest="" />
    </ScreenFrame>
  );
}
