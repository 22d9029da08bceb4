/** Each prints a table. They say what was measured and judge nothing. */
const benches: Readonly<Record<string, () => Promise<void>>> = {
  cold: async () => (await import('./cold.ts')).benchCold(),
  'no-op': async () => (await import('./no-op.ts')).benchNoOp(),
  serve: async () => (await import('./serve.ts')).benchServe(),
  plan: async () => (await import('./plan.ts')).benchPlan(),
  hash: async () => (await import('./hash.ts')).benchHash(),
  log: async () => (await import('./log.ts')).benchLog(),
  pusht: async () => (await import('./pusht.ts')).benchPusht(),
  'droid-data': async () => (await import('./droid-data.ts')).benchDroidData(),
  convert: async () => (await import('./convert.ts')).benchConvert(),
  train: async () => (await import('./train.ts')).benchTrain(),
  adopt: async () => (await import('./adopt.ts')).benchAdopt(),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`There is no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}.\n`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : Object.keys(benches)) await benches[name]?.();
