import styles from './bars.module.css';

export interface Bar {
  readonly id: string;
  /** Its name, for the table. */
  readonly title: string;
  readonly value: number;
  /** What stands below it. */
  readonly label?: string | undefined;
}

const [width, height, gap] = [720, 160, 3];

/** A round number at or above the largest value, so that the axis has whole steps. */
function topOf(largest: number): number {
  if (largest <= 4) return 4;
  const unit = 10 ** Math.floor(Math.log10(largest));
  return [1, 2, 4, 5, 10].map((each) => each * unit).find((each) => each >= largest) as number;
}

/** Bars side by side. Screen readers read a table. */
export function Bars({ label, unit, bars }: { label: string; unit: string; bars: readonly Bar[] }) {
  const top = topOf(Math.max(0, ...bars.map(({ value }) => value)));
  const step = width / Math.max(bars.length, 1);
  return (
    <>
      <svg className={styles.chart} viewBox={`0 -8 ${width + 36} ${height + 34}`} aria-hidden="true">
        {[0, top / 2, top].map((value) => {
          const y = height - (value / top) * height;
          return (
            <g key={value}>
              <line x1={0} x2={width} y1={y} y2={y} className={styles.line} />
              <text x={width + 10} y={y + 4} className={styles.text}>
                {value}
              </text>
            </g>
          );
        })}
        {bars.map(({ id, title, value, label: below }, index) => {
          const tall = (value / top) * height;
          return (
            <g key={id}>
              <title>{`${title}: ${value} ${unit}`}</title>
              <rect x={index * step} y={-8} width={step} height={height + 8} className={styles.target} />
              <rect
                x={index * step + gap / 2}
                y={height - tall}
                width={step - gap}
                height={tall}
                rx={Math.min(3, tall)}
                className={styles.bar}
              />
              {below && (
                <text x={index * step + step / 2} y={height + 20} textAnchor="middle" className={styles.text}>
                  {below}
                </text>
              )}
            </g>
          );
        })}
      </svg>
      <table className="visually-hidden">
        <caption>{label}</caption>
        <tbody>
          {bars.map(({ id, title, value }) => (
            <tr key={id}>
              <th scope="row">{title}</th>
              <td>
                {value} {unit}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
