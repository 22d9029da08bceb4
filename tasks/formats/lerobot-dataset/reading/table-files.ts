import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, Problem } from '../../../../cache/problem.ts';

/** Paths of the Parquet files of a table, in its order. */
export async function parquetFilesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new Problem('file-unreadable', `Cannot read ${folder}: ${messageOf(cause)}.`, { cause });
  });
  const files = names.filter((name) => name.endsWith('.parquet')).sort();
  if (files.length === 0) throw new Problem('file-unreadable', `${folder} holds no Parquet file.`);
  return files.map((name) => join(folder, name));
}

/** Lines of a table; a line that is wrong is a `Problem` with its number. */
export async function readJsonLines<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Problem('file-unreadable', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  });
  const lines = text.split('\n').map((line, position) => ({ line, where: `${path}, line ${position + 1}` }));
  return lines.filter(({ line }) => line.trim() !== '').map(({ line, where }) => parseLine(line, where, schema));
}

export function parseLine<S extends z.ZodType>(line: string, where: string, schema: S): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new Problem('not-json', `${where} is not JSON: ${messageOf(cause)}.`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Problem('wrong-shape', `${where} does not have the expected shape.\n${z.prettifyError(parsed.error)}`);
}
