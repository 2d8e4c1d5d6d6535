// For `node --require`: on SIGUSR2, writes the paths of all loaded modules to standard error as one line of JSON.
process.on('SIGUSR2', () => process.stderr.write(`${JSON.stringify(Object.keys(require.cache))}\n`));
