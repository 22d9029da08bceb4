/** What Slurm said, in one line: the last line says what, those before it why. */
export function ownWords(message: string): string {
  const lines = message
    .split('\n')
    .map((line) => line.replace(/^\w+: (?:error|fatal): /, '').trim())
    .filter((line) => line !== '');
  return [...new Set([...lines.slice(-1), ...lines.slice(0, -1)])].join('; ');
}
