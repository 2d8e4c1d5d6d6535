import '@fontsource-variable/inter/opsz.css';
import './globals.css';
import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';

export const metadata: Metadata = { title: 'Tasklane', description: 'A calm place for what you want to do.' };

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  viewportFit: 'cover',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#fbfcfc' },
    { media: '(prefers-color-scheme: dark)', color: '#16191b' },
  ],
};

// Before the first paint, so that a chosen theme does not flash. React would escape quotation marks.
const theme =
  'try{document.documentElement.dataset.theme=JSON.parse(localStorage.getItem(`tasklane app preferences`)).theme}catch{}';

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <body>
        <script>{theme}</script>
        {children}
      </body>
    </html>
  );
}
