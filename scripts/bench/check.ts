/** The short form for CI: compares the cost of requests, relative to the floor, with the recorded figures. */
import { compared, measuredRatios, type Ratios } from './figures';
import { measureCheapest } from './rounds';
import { type ServerKind, withSetting } from './setting';
import { loads } from './workload';

/** The share by which a ratio may exceed the recorded one. */
const tolerance = 0.15;
const attempts = 3;
const attemptMs = 60_000;

/** Measures the ratios with new processes, until `areLow` says that they are low enough. */
async function measure(kinds: readonly ServerKind[], areLow: (ratios: Ratios) => boolean): Promise<Ratios> {
  const samples = await withSetting(kinds, (servers, loader) =>
    measureCheapest(servers, loader, {
      deadlineMs: performance.now() + attemptMs,
      isEnough: (all) => areLow(measuredRatios(all)),
    }),
  );
  return measuredRatios(samples);
}

/**
 * Compares the ratios with recorded ones. Other work on the machine, and the memory layout of a process, can only make runs
 * more expensive. So a ratio that is too high is measured again with new processes, and fails if it is always too high.
 * @returns the report, and whether all ratios are within the limits
 */
export async function check(
  kinds: readonly ServerKind[],
  recorded: Ratios,
): Promise<{ report: string; passed: boolean }> {
  const lines: string[] = [];
  let tooHigh: readonly (keyof Ratios)[] = loads;
  for (let attempt = 1; attempt <= attempts && tooHigh.length > 0; attempt++) {
    const failing = (ratios: Ratios) =>
      tooHigh.filter((load) => ratios[load] > recorded[load] * (1 + tolerance));
    const ratios = await measure(kinds, (all) => failing(all).length === 0);
    lines.push(
      ...tooHigh.map(
        (load) =>
          `${load}: ${ratios[load].toFixed(2)} × ${compared.floor}, recorded ${recorded[load].toFixed(2)}`,
      ),
    );
    tooHigh = failing(ratios);
  }
  const passed = tooHigh.length === 0;
  const verdict = passed
    ? `All ratios are at most ${tolerance * 100} % above the recorded ones.`
    : `More than ${tolerance * 100} % above the recorded ratio: ${tooHigh.join(', ')}.`;
  return { report: [...lines, verdict].join('\n'), passed };
}
