/** Reads the text of metrics. */

/** The values of a text in the format of Prometheus, by name and labels. */
export function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** The names of the metrics of a text. */
export function namesOf(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name as string);
}

/** Gets the metrics of a service. @throws if it has none */
export async function readMetrics(url: string | null, accept = 'text/plain'): Promise<string> {
  const response = await fetch(url as string, { headers: { accept } });
  if (response.status !== 200) throw new Error(`The metrics answer ${response.status}.`);
  return response.text();
}
