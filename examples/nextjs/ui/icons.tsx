/** The icons: 20 × 20, drawn with lines in the colour of the text. They say nothing to screen readers. */
const paths = {
  today: 'M4 5.5h12v10.5H4zM4 8.5h12M7 3.5v3M13 3.5v3M8.2 12.4l1.4 1.4 2.4-2.7',
  inbox: 'M3.5 11.5 5.5 4.5h9l2 7v4h-13zM3.5 11.5h3.6c.3 1.4 1.4 2.2 2.9 2.2s2.6-.8 2.9-2.2h3.6',
  upcoming:
    'M4 5.5h12v10.5H4zM4 8.5h12M7 3.5v3M13 3.5v3M7 11.2h.01M10 11.2h.01M13 11.2h.01M7 13.6h.01M10 13.6h.01',
  all: 'M7.5 5.5h9M7.5 10h9M7.5 14.5h9M3.5 5.5h.01M3.5 10h.01M3.5 14.5h.01',
  project: 'M8 4 6.5 16M13.5 4 12 16M4.5 8h12M3.5 12h12',
  tag: 'M3.5 4.5h6.2l6.8 6.8-5.2 5.2-6.8-6.8zM6.8 7.8h.01',
  trash: 'M4 6h12M8 6V4.2h4V6M5.5 6l.7 10.2h7.6L14.5 6M8.5 9v4.5M11.5 9v4.5',
  search: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM13 13l3.8 3.8',
  plus: 'M10 4.5v11M4.5 10h11',
  ring: 'M10 16a6 6 0 1 0 0-12 6 6 0 0 0 0 12z',
  check: 'M5 10.4l3.4 3.4L15.2 6.6',
  close: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
  repeat:
    'M4.5 9V8a2 2 0 0 1 2-2h8.5M12.8 3.5 15.3 6l-2.5 2.5M15.5 11v1a2 2 0 0 1-2 2H5M7.2 16.5 4.7 14l2.5-2.5',
  bell: 'M5 13.5h10l-1.2-1.8V9a3.8 3.8 0 0 0-7.6 0v2.7zM8.7 15.8h2.6',
  note: 'M4.5 6h11M4.5 10h11M4.5 14h6.5',
  subtasks: 'M4.5 4v6.5a2 2 0 0 0 2 2h3M4.5 7h5M12 5.2h3.5v3.6H12zM12 10.7h3.5v3.6H12z',
  drag: 'M7.5 5h.01M12.5 5h.01M7.5 10h.01M12.5 10h.01M7.5 15h.01M12.5 15h.01',
  more: 'M4.5 10h.01M10 10h.01M15.5 10h.01',
  back: 'M12 4.5 6.5 10l5.5 5.5',
  next: 'M8 4.5l5.5 5.5L8 15.5',
  sun: 'M10 13.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM10 2.5v1.6M10 15.9v1.6M2.5 10h1.6M15.9 10h1.6M4.7 4.7l1.1 1.1M14.2 14.2l1.1 1.1M4.7 15.3l1.1-1.1M14.2 5.8l1.1-1.1',
  tomorrow:
    'M3.5 14.5h13M6 14.5a4 4 0 0 1 8 0M10 5v3M4.8 8.3l1.4 1.4M15.2 8.3l-1.4 1.4M10 5 8.3 6.7M10 5l1.7 1.7',
  weekend:
    'M4 9.5V8a1.6 1.6 0 0 1 1.6-1.6h8.8A1.6 1.6 0 0 1 16 8v1.5M3 10.8a1.3 1.3 0 0 1 2.6 0v1.4h8.8v-1.4a1.3 1.3 0 0 1 2.6 0v4H3zM5.2 14.8v1.7M14.8 14.8v1.7',
  week: 'M4 5.5h12v10.5H4zM4 8.5h12M7 3.5v3M13 3.5v3M7.5 12.2h5M10.8 10.4l1.8 1.8-1.8 1.8',
  none: 'M10 16a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM5.8 5.8l8.4 8.4',
  clock: 'M10 16.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM10 6.3V10l2.4 1.5',
  flag: 'M5 3.5v13M5 4.5h9.5l-2 3 2 3H5',
  undo: 'M7 4.5 3.8 7.7 7 10.9M4 7.7h7.8a4.2 4.2 0 0 1 0 8.3H8',
  board: 'M4 4.5h3.4v11H4zM8.3 4.5h3.4v7H8.3zM12.6 4.5H16v9h-3.4z',
  chart: 'M4 15.5h12M6 13V9M10 13V5M14 13V7.5',
  settings: 'M4 6h7M15 6h1M4 14h1M9 14h7M13 4.2v3.6M7 12.2v3.6',
  person: 'M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4.5 16.2c.6-2.6 2.7-4 5.5-4s4.9 1.4 5.5 4',
  sync: 'M4.5 8.5a5.8 5.8 0 0 1 10.6-1.6M15.5 11.5a5.8 5.8 0 0 1-10.6 1.6M15.4 3.8v3.3h-3.3M4.6 16.2v-3.3h3.3',
  offline: 'M3 3l14 14M6 13.5a3.3 3.3 0 0 1-.2-6.5M8.6 5a4.6 4.6 0 0 1 5.8 3.6 3 3 0 0 1 1.8 4.6M6 13.5h6.5',
  warning: 'M10 4 3.2 15.8h13.6zM10 8.5v3.3M10 13.8h.01',
  keyboard: 'M3 6h14v8.5H3zM5.8 8.6h.01M8.6 8.6h.01M11.4 8.6h.01M14.2 8.6h.01M7 11.8h6',
  link: 'M8.5 11.5l3-3M9 6.5l1.8-1.8a3 3 0 0 1 4.3 4.3L13.3 10.8M11 13.5l-1.8 1.8a3 3 0 0 1-4.3-4.3l1.8-1.8',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'drag' || name === 'more' ? 2.2 : 1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} />
    </svg>
  );
}
