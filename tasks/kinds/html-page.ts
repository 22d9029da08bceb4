import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { artifact, Problem } from '../core/task.ts';

/** One self-contained HTML file. */
export const htmlPage = artifact('html-page', {
  meta: z.object({ title: z.string() }),
  inspect: async (path) => {
    const text = await readFile(path, 'utf8');
    const title = /<title>([^<]*)<\/title>/.exec(text)?.[1];
    if (!/^<!doctype html>/i.test(text) || title === undefined) {
      throw new Problem('not-html-page', `${path} is not an HTML page: it needs a doctype and a title.`);
    }
    return { title: unescape(title) };
  },
});

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function unescape(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] as string);
}
