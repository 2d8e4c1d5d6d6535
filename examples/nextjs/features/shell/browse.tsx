'use client';
import { AccountMenu } from '@/features/account/account-menu';
import { Navigation } from './navigation';
import { ScreenFrame } from './screen';

/** What phones show instead of the sidebar. */
export default function BrowseScreen() {
  return (
    <ScreenFrame title="Browse" actions={<AccountMenu />}>
      <Navigation current="browse" rest="" />
    </ScreenFrame>
  );
}
