/** To all processes of a group, if there are any left. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // the group is gone: what was wanted is so
  }
}
