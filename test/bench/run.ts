/** Each prints a table; they say what was measured and judge nothing. */
const benches: Readonly<Record<string, () => Promise<void>>> = {
  cold: async () => (await import('./cold.ts')).benchCold(),
  'no-op': async () => (await import('./no-op.ts')).benchNoOp(),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : Object.keys(benches)) await benches[name]?.();
