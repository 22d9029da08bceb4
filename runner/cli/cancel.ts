import { Problem } from '../../cache/problem.ts';

export async function cancel(): Promise<number> {
  throw new Problem('usage', 'This command is being built.');
}
