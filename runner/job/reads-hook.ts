import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';

/**
 * Makes a folder whose `sitecustomize.py` every Python of a job loads as it starts, and which notes what that opens. What an environment
 * has of that name runs after it.
 */
export function makeReadsHook(runFolder: string): string {
  const folder = join(runFolder, 'reads');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'sitecustomize.py'), hook);
  return folder;
}

/** Where the notes of a job lie. */
export function readsOf(hookFolder: string, jobFolder: string): string {
  return join(hookFolder, `${relative(dirname(hookFolder), jobFolder).replaceAll('/', '+')}.txt`);
}

/** What a job's environment has besides; it does not count. */
export function hookVariables(
  hookFolder: string | undefined,
  jobFolder: string,
  { env, inherits }: { env: Readonly<Record<string, string>>; inherits: readonly string[] },
): Readonly<Record<string, string>> {
  if (hookFolder === undefined) return {};
  const given = env.PYTHONPATH ?? (inherits.includes('PYTHONPATH') ? process.env.PYTHONPATH : undefined);
  const search = given ? [hookFolder, given].join(delimiter) : hookFolder;
  return { PYTHONPATH: search, STET_READS: readsOf(hookFolder, jobFolder) };
}

/** `R` for what is read, `W` for what is written, and where each Python started, as paths one a line. */
const hook = `"""Notes which files this Python opens, for pipeline run --watch-reads."""

import importlib.machinery
import importlib.util
import os
import sys


def _watch(notes):
    out = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    seen = set()
    start = os.getcwd()

    def note(kind, path):
        line = os.fsencode(kind + " " + path)
        if line not in seen and b"\\n" not in line:
            seen.add(line)
            os.write(out, line + b"\\n")

    def hook(event, args):
        if event != "open":
            return
        path, mode, flags = args
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        try:
            full = os.path.abspath(os.fsdecode(path))
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(flags, int) else "r" not in (mode or "r")
            note("W" if writes else "R", full)
        except (OSError, ValueError):
            pass  # what cannot be noted must not keep the program from its work

    note("C", start)
    sys.addaudithook(hook)


def _chain():
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if os.environ.get("STET_READS"):
    _watch(os.environ["STET_READS"])
_chain()
`;
