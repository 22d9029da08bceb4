import { listPipelines } from '../../project/load.ts';
import { paint } from '../../views/paint.ts';
import { table } from '../../views/table.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Io } from '../../views/io.ts';
import { shortPath } from '../common/short-path.ts';

export async function list(io: Io): Promise<number> {
  const listed = listPipelines(io.cwd);
  const { dim } = paint(io.stdout.hasColor);
  if (listed.length === 0) io.print('There are no pipelines here. Make one with `pipeline new NAME`.');
  const rows = listed.map(({ name, file, from }) => [
    name,
    dim(from === 'shipped' ? 'ships with the package' : shortPath(io.cwd, file)),
  ]);
  for (const line of table(rows)) io.print(line);
  return exitCodes.fine;
}
