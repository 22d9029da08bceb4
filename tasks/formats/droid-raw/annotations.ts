import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, Problem } from '../../../cache/problem.ts';

/** Name of the language file of the release; openpi's conversion reads this one and no other. */
export const annotationsFile = 'aggregated-annotations-030724.json';

/** What openpi's conversion says of an episode without annotation. */
export const defaultInstruction = 'Do something';

/** Instructions of each episode by its uuid, the first one first; texts as they are, with their line ends. */
export type Annotations = ReadonlyMap<string, readonly string[]>;

const AnnotationsFile = z.record(z.string(), z.record(z.string(), z.unknown()));
const keys = ['language_instruction1', 'language_instruction2', 'language_instruction3'];

/** Reads the language file, which has to be there even for own data, as openpi's conversion asks. */
export async function readAnnotations(root: string): Promise<Annotations> {
  const path = join(root, annotationsFile);
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new Problem('annotations-missing', `Cannot read the instructions, ${path}: ${messageOf(cause)}.`, {
      hint:
        `Put ${annotationsFile} there: {"<uuid of the episode>": {"language_instruction1": "…"}}. ` +
        `With {}, every episode is "${defaultInstruction}".`,
      cause,
    });
  });
  return new Map(
    Object.entries(parse(path, text)).map(([uuid, entry]) => [
      uuid,
      keys.map((key) => entry[key]).filter((instruction) => typeof instruction === 'string'),
    ]),
  );
}

function parse(path: string, text: string): z.infer<typeof AnnotationsFile> {
  try {
    return AnnotationsFile.parse(JSON.parse(text));
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new Problem('annotations-damaged', `${path} does not map episodes to instructions: ${what}`, { cause });
  }
}
