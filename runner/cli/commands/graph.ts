import { Problem } from '../../../cache/problem.ts';
import { nearest } from '../../../tasks/core/nearest.ts';
import { exportGraph, type GraphFormat, graphFormats } from '../../drawing/export-graph.ts';
import { openSession } from '../../project/session.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from '../common/options.ts';
import { sessionRequest } from '../common/session-options.ts';

export async function graph(io: Io, [name = '', ...overrides]: readonly string[], options: Options): Promise<number> {
  const format = checkFormat(String(options.format));
  const session = await openSession(sessionRequest(io, name, overrides, options));
  try {
    io.print(await exportGraph(session.graph, format));
    return exitCodes.fine;
  } finally {
    await session.close();
  }
}

function checkFormat(format: string): GraphFormat {
  const ours = graphFormats.find((name) => name === format);
  if (ours) return ours;
  const close = nearest(format, graphFormats);
  throw new Problem('usage', `There is no format "${format}"${close ? `; did you mean "${close}"?` : '.'}`, {
    hint: `Formats: ${graphFormats.join(', ')}.`,
  });
}
