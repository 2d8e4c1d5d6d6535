/** Runs groups of tests one after the other, and prints the result of each. */

/**
 * The first argument of the program is a part of the names of the tests to run; by default all run.
 * @param world has `describe()`, which says what a failed test left, and `closeDevices()`
 * @param groups modules with `tests`: functions by name
 */
export async function runTests(world, groups) {
  const wanted = process.argv[2] ?? '';
  const tests = groups
    .flatMap((group) => Object.entries(group.tests))
    .filter(([name]) => name.includes(wanted));
  for (const [name, test] of tests) {
    const startedAt = performance.now();
    try {
      await test(world);
      process.stdout.write(`passed: ${name} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)\n`);
    } catch (error) {
      process.exitCode = 1;
      process.stderr.write(`failed: ${name}\n${error.stack}\n${await world.describe()}\n`);
    }
    await world.closeDevices();
  }
}
