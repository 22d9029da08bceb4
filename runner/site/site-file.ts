import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, Problem } from '../../cache/problem.ts';
import { readRegular } from '../../cache/regular-file.ts';

/** The default export of the project's `pipeline.config.ts`; undefined without the file. Throws `site-file-broken`. */
export async function loadSiteFile(root: string): Promise<unknown> {
  const file = join(root, 'pipeline.config.ts');
  if (!existsSync(file)) return undefined;
  try {
    readRegular(file); // what loads it would wait for whoever writes to a pipe
    const { tsImport } = await import('tsx/esm/api');
    const module = (await tsImport(pathToFileURL(file).href, import.meta.url)) as { default?: unknown };
    return interop(module.default);
  } catch (cause) {
    throw new Problem('site-file-broken', `${file} cannot be loaded: ${messageOf(cause)}`, {
      hint: 'It is TypeScript with a default export; correct it, or move it away to use the defaults.',
      cause,
    });
  }
}

/** Without `"type": "module"` in the nearest manifest the file is CommonJS, and its exports come wrapped. */
function interop(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && '__esModule' in value && 'default' in value) return value.default;
  return value;
}
