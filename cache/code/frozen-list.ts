import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isTable } from '../canonical-json.ts';
import { Problem } from '../problem.ts';
import { readRegular, readRegularBytes } from '../regular-file.ts';
import { sha256 } from './sha256.ts';

/** Lies in a frozen copy, and says what else does: digests of files and targets of links, by path. */
const listName = 'frozen.json';

type List = Readonly<Record<string, string>>;

/** Writes the list of a copy that is whole. */
export function listFrozen(home: string): void {
  writeFileSync(join(home, listName), JSON.stringify(contentOf(home)));
}

/** The digest of a copy's list; undefined when there is none. */
export function sealOf(home: string): string | undefined {
  try {
    return sha256(readRegularBytes(join(home, listName)));
  } catch {
    return undefined; // no copy yet, or one of a version that wrote no lists
  }
}

/** The first thing in a copy that is not as its list says, in words; undefined when all is well. */
export function frozenFault(home: string): string | undefined {
  const list = readList(home);
  if (list === undefined) return `${listName} is missing or damaged`;
  const found = contentOf(home);
  const path = [...new Set([...Object.keys(list), ...Object.keys(found)])].find((one) => list[one] !== found[one]);
  if (path === undefined) return undefined;
  return `${path} ${found[path] === undefined ? 'is gone' : list[path] === undefined ? 'was added' : 'has other content'}`;
}

/**
 * Checks the copy in which a module lies against what its driver had. Throws `frozen-code-damaged`: running other code under the
 * name of this one would be kept as its result.
 */
export function checkFrozen(entry: string, seal: string): void {
  for (let home = dirname(entry); home !== dirname(home); home = dirname(home)) {
    const found = sealOf(home);
    if (found === undefined) continue;
    const fault = found === seal ? frozenFault(home) : `${listName} is another`;
    if (fault !== undefined) throw damaged(home, fault);
    return;
  }
  throw damaged(dirname(entry), `${listName} is gone`);
}

/** Puts a copy that is whole into the place of one that is not, file by file: a program may be reading there. */
export function repairFrozen(home: string, aside: string): void {
  const wanted = contentOf(aside);
  const found = contentOf(home);
  for (const path of Object.keys(found)) if (!(path in wanted)) rmSync(join(home, path), { force: true });
  for (const [path, content] of Object.entries(wanted)) {
    if (found[path] === content) continue;
    const [from, to] = [join(aside, path), join(home, path)];
    mkdirSync(dirname(to), { recursive: true });
    if (content.startsWith(linkPrefix)) {
      rmSync(to, { recursive: true, force: true });
      symlinkSync(content.slice(linkPrefix.length), to, 'junction');
    } else renameSync(from, to);
  }
  renameSync(join(aside, listName), join(home, listName));
}

const linkPrefix = 'link ';

function contentOf(home: string): Record<string, string> {
  const content: Record<string, string> = {};
  const walk = (folder: string, prefix: string): void => {
    for (const child of readdirSync(folder, { withFileTypes: true })) {
      const [path, full] = [prefix + child.name, join(folder, child.name)];
      if (child.isDirectory()) walk(full, `${path}/`);
      else if (child.isSymbolicLink()) content[path] = linkPrefix + readlinkSync(full);
      else if (child.isFile()) content[path] = sha256(readFileSync(full));
      else content[path] = 'neither file nor link';
    }
  };
  walk(home, '');
  delete content[listName];
  return content;
}

function readList(home: string): List | undefined {
  try {
    const list: unknown = JSON.parse(readRegular(join(home, listName)));
    return isTable(list) ? (list as List) : undefined;
  } catch {
    return undefined; // what cannot be read lists nothing, and is made again
  }
}

function damaged(home: string, fault: string): Problem {
  return new Problem('frozen-code-damaged', `The frozen code at ${home} is not what was frozen: ${fault}.`, {
    hint: 'Run the pipeline again: the copy is made anew.',
  });
}
