/** An option of `sbatch` that a site cannot say, and what to do in its place. */
export interface RefusedOption {
  readonly name: string;
  readonly advice: string;
}

const ownLog = 'jobs write log.txt in their own folders; `pipeline logs` shows them';
const ownSubmission = 'each submission is made and read in one way';
const ownEnvironment =
  'what a job sees is what its task declares: `env`, `inherits`, `secrets`; `setup` in the site file adds to it';
const ownNodes = 'a task says it: resources: { nodes, cpus }';

/** What is said for each job here, or relied on. */
const refused: Readonly<Record<string, { readonly short?: string; readonly advice: string }>> = {
  'job-name': { short: 'J', advice: 'jobs are found by the names that they get' },
  array: {
    short: 'a',
    advice: 'what can run side by side becomes arrays by itself; each element would run the whole once more',
  },
  clusters: { short: 'M', advice: "say cluster: '…' beside it, so that all commands ask the same one" },
  partition: { short: 'p', advice: "say partition: '…' beside it, so that it is known what its nodes have" },
  output: { short: 'o', advice: ownLog },
  error: { short: 'e', advice: ownLog },
  wrap: { advice: 'a job is the script of its task' },
  chdir: { short: 'D', advice: 'a task says where it starts: `cwd`' },
  workdir: { advice: 'a task says where it starts: `cwd`' },
  export: { advice: ownEnvironment },
  'export-file': { advice: ownEnvironment },
  'get-user-env': { advice: ownEnvironment },
  parsable: { advice: ownSubmission },
  'test-only': { advice: 'nothing would ever run; `pipeline doctor --executor slurm` asks whether Slurm takes a job' },
  wait: { short: 'W', advice: 'a submission must not wait for its job' },
  quiet: { short: 'Q', advice: ownSubmission },
  help: { short: 'h', advice: ownSubmission },
  usage: { advice: ownSubmission },
  version: { short: 'V', advice: ownSubmission },
  requeue: { advice: 'say requeue: true beside it' },
  'no-requeue': { advice: 'it is so unless requeue: true is said beside it' },
  'no-kill': { short: 'k', advice: 'a job that has lost its first node would never end' },
  signal: { advice: "a task says it: warning: { signal: 'SIGUSR1', seconds: 300 }" },
  nodes: { short: 'N', advice: ownNodes },
  ntasks: { short: 'n', advice: ownNodes },
  'ntasks-per-node': { advice: ownNodes },
  uid: { advice: 'jobs are looked for among those of who runs the pipeline' },
};

const byShort = new Map(
  Object.entries(refused).flatMap(([name, { short }]) => (short ? [[short, name] as const] : [])),
);
/** Short options that take no value, so that more may follow in the same word. */
const flags = new Set('HIOsv');

/** Undefined for what a site may say. `sbatch` takes long options by their beginnings, and short ones in one word. */
export function refusedOption(word: string): RefusedOption | undefined {
  if (!word.startsWith('-')) return undefined; // no option at all
  const name = word.startsWith('--') ? refusedLong(word.slice(2).split('=')[0] ?? '') : refusedShort(word.slice(1));
  const advice = refused[name ?? '']?.advice;
  return name === undefined || advice === undefined ? undefined : { name: `--${name}`, advice };
}

/** Where an option of another name begins in the same way, `sbatch` itself would refuse the word. */
function refusedLong(said: string): string | undefined {
  return Object.hasOwn(refused, said) ? said : Object.keys(refused).find((name) => name.startsWith(said));
}

function refusedShort(letters: string): string | undefined {
  for (const letter of letters) {
    if (byShort.has(letter)) return byShort.get(letter);
    if (!flags.has(letter)) return undefined;
  }
  return undefined;
}
