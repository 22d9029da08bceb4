import { examine } from '../../doctor/doctor.ts';
import type { Finding } from '../../executors/finding.ts';
import { type Paint, paint } from '../../views/paint.ts';
import { withStore } from '../../views/suggest.ts';
import { table } from '../../views/table.ts';
import { storeOptions } from '../common/session-options.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from '../common/options.ts';

export async function doctor(
  io: Io,
  [name, ...overrides]: readonly string[],
  { profile, executor, probe }: Options & { profile?: string; executor?: string; probe?: boolean },
): Promise<number> {
  const place = { ...storeOptions(io), warn: () => {} };
  const named = name && { name, overrides, profile };
  const findings = await examine(place, named || undefined, { executor, probe });
  const colors = paint(io.stdout.hasColor);
  for (const line of table(findings.map((finding) => row(finding, colors)))) io.print(withStore(line, io.storeFolder));
  const missing = findings.filter(({ state }) => state === 'missing').length;
  io.print('');
  io.print(
    missing === 0
      ? 'All that is required is here.'
      : `${missing} required ${missing === 1 ? 'thing is' : 'things are'} missing.`,
  );
  return missing === 0 ? exitCodes.fine : exitCodes.site;
}

function row({ state, what, found, advice }: Finding, { green, red, dim }: Paint): string[] {
  const mark = { ok: green('ok     '), missing: red('missing'), absent: dim('absent ') }[state];
  return [mark, what, advice ? `${found}${dim(`: ${advice}`)}` : found];
}
