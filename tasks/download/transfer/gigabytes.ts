/** `0.01 GB`, `1870 GB`: of downloads, which are compared with disks. */
export function gigabytesOf(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 0)} GB`;
}
