const kept = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ'];

/** What every job inherits of the driver's environment, wherever it runs. */
export function inheritedEnvironment(): Record<string, string> {
  const given = kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return Object.fromEntries(given) as Record<string, string>;
}
