import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { Problem } from '../../cache/problem.ts';
import { exitCodes } from './common/exit-codes.ts';
import { type Io, openIo } from '../views/io.ts';
import type { Options } from './common/options.ts';
import { builtIn } from '../site/registry.ts';

/** Parses the command line and runs its command; each is loaded only when it is asked for. Returns the exit code. */
export async function runProgram(argv: readonly string[], version: string): Promise<number> {
  let code: number = exitCodes.fine;
  const program = makeProgram(version, (result) => {
    code = result;
  });
  if (argv.length === 0) {
    openIo({}).print(program.helpInformation().trimEnd());
    return exitCodes.usage;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.fine;
    throw usageProblem(error, argv);
  }
  return code;
}

type Body = (io: Io, args: readonly string[], options: Options) => Promise<number>;

function makeProgram(version: string, finished: (code: number) => void): Command {
  const program = new Command('pipeline')
    .description('Reproducible experiments as code: only what truly changed runs again.')
    .version(version)
    .option('--store <dir>', 'where results are kept (default: STET_STORE, else .stet in the project)')
    .option('--verbose', 'show the stack behind an error')
    .option('--no-color', 'plain text; NO_COLOR does the same')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeErr: () => {} })
    .exitOverride()
    .helpCommand(false);

  const command = (usage: string, summary: string, load: () => Promise<Body>): Command =>
    program
      .command(usage)
      .description(summary)
      .action(async (...given: unknown[]) => {
        const command = given.at(-1) as Command;
        const args = given
          .slice(0, -2)
          .flat()
          .filter((arg) => arg !== undefined) as string[];
        const options = command.optsWithGlobals<Options>();
        const body = await load();
        finished(await body(openIo(options, builtIn), args, options));
      });
  const profile = new Option('--profile <name>', 'a named set of parameters');
  const known = Object.keys(builtIn).join(', ');
  const executor = new Option(
    '--executor <name>',
    `where jobs run: ${known}, or one of pipeline.config.ts, which says the default`,
  );

  command('list', 'pipelines that can be run here', async () => (await import('./commands/list.ts')).list);
  command(
    'show <name>',
    'what a pipeline takes and gives',
    async () => (await import('./commands/show.ts')).show,
  ).addOption(profile);
  command(
    'plan <name> [overrides...]',
    'what would run, and why, without running',
    async () => (await import('./commands/plan.ts')).plan,
  )
    .addOption(profile)
    .addOption(executor)
    .option('--until <node>', 'only this node and what it needs')
    .option('--strict', 'fail when code of a program cannot be followed')
    .option('--force <node>', 'as if nothing were known of this node; may be repeated', collect, [])
    .option('--no-types', 'as if there were no TypeScript to check types with')
    .option('--json', 'one object, for programs');
  command('run <name> [overrides...]', 'run what is missing', async () => (await import('./commands/run.ts')).run)
    .addOption(profile)
    .addOption(executor)
    .option('--detach', 'return at once; the run goes on in the background')
    .option('--json', 'one event a line, for programs')
    .option('--jobs <n>', 'at most this many jobs at a time', positive)
    .option('--until <node>', 'only this node and what it needs')
    .option('--force <node>', 'run this node whatever is known of it; may be repeated', collect, [])
    .option('--fail-fast', 'stop everything at the first failure')
    .option('--no-types', 'run it whatever TypeScript says of its types')
    .option('--strict', 'refuse programs whose code cannot be followed')
    .option('--watch-reads', 'tell which files of the project Python jobs read that nothing declares')
    .addOption(new Option('--numbered <run>').hideHelp());
  command(
    'resume [run]',
    'go on with a run that did not end; the newest without a name',
    async () => (await import('./commands/resume.ts')).resume,
  )
    .addOption(executor)
    .option('--json', 'one event a line, for programs')
    .option('--jobs <n>', 'at most this many jobs at a time', positive);
  command(
    'attach [run]',
    'watch a run, and drive it when nobody does; the newest without a name',
    async () => (await import('./commands/attach.ts')).attach,
  ).option('--json', 'one event a line, for programs');
  command(
    'tick [run]',
    'do what can be done now and leave; every run that has not ended without a name',
    async () => (await import('./commands/tick.ts')).tick,
  ).option('--json', 'one event a line, for programs');
  command(
    'cancel <run-or-node> [node]',
    'end a run, or a node of the newest run',
    async () => (await import('./commands/cancel.ts')).cancel,
  ).usage('[options] <run> [node]');
  command('runs', 'runs so far, the newest last', async () => (await import('./commands/runs.ts')).runs);
  command(
    'status [run]',
    'where a run stands; the newest without a name',
    async () => (await import('./commands/status.ts')).status,
  ).option('--json', 'one object, for programs');
  command(
    'logs <run-or-node> [node]',
    'what a node wrote; in the newest run unless one is named',
    async () => (await import('./commands/logs.ts')).logs,
  )
    .usage('[options] [run] <node>')
    .addOption(new Option('-f, --follow', 'go on as it is written').conflicts('attempt'))
    .option('--attempt <n>', 'an earlier attempt by its number, or all of them; the newest by default');
  command(
    'why <name> <node> [overrides...]',
    'why a node would run, or would not',
    async () => (await import('./commands/why.ts')).why,
  ).addOption(profile);
  command(
    'accept <name-or-node> [node] [overrides...]',
    'say that what changed of a node does not matter: its old result holds',
    async () => (await import('./commands/accept.ts')).accept,
  )
    .usage('[options] [name] <node> [overrides...]')
    .addOption(profile)
    .option('--why <text>', 'the reason, for whoever reads it later');
  command(
    'accepted',
    'what was accepted in the store, by whom and why',
    async () => (await import('./commands/accept.ts')).accepted,
  ).option('--revoke <node-or-fingerprint>', 'take it back');
  command('diff <run> <other>', 'what differs between two runs', async () => (await import('./commands/diff.ts')).diff);
  command('get <name> <output>', 'take a result out of the store', async () => (await import('./commands/get.ts')).get)
    .requiredOption('--to <path>', 'where to')
    .option('--force', 'write over what is there');
  command(
    'serve <checkpoint-or-pipeline>',
    "serve a policy by openpi's protocol; PIPELINE[:OUTPUT] takes one of its newest run",
    async () => (await import('./commands/serve.ts')).serve,
  )
    .option('--port <n>', 'where to listen; 0 takes any that is free', portNumber, 8000)
    .option('--host <address>', 'other addresses than those of this machine need a key', '127.0.0.1')
    .option('--api-key-env <variable>', 'holds the key that clients must send')
    .option('--allow-origin <origin>', 'web pages that may use the policy; may be repeated', collect, [])
    .option('--allow-host <name>', 'a further name by which clients reach this machine; may be repeated', collect, [])
    .addOption(
      new Option('--backend <name>', 'what TF.js computes on')
        .choices(['wasm', 'cpu', 'node', 'node-gpu', 'auto'])
        .default('wasm'),
    );
  command(
    'graph <name> [overrides...]',
    'the graph of a pipeline',
    async () => (await import('./commands/graph.ts')).graph,
  )
    .addOption(profile)
    .option('--format <format>', 'text, mermaid, dot, svg or json', 'text');
  const cache = program.command('cache').description('look after the store').exitOverride();
  const cacheCommand = (name: string, summary: string): Command =>
    cache
      .command(name)
      .description(summary)
      .action(async (...given: unknown[]) => {
        const { args } = given.at(-1) as Command;
        const options = (given.at(-1) as Command).optsWithGlobals<Options>();
        const body = await import('./commands/cache.ts');
        finished(await body.cache(openIo(options, builtIn), [name.split(' ')[0] ?? '', ...args], options));
      });
  cacheCommand('stat', 'what is in the store');
  cacheCommand('verify', 'hash everything again; what is damaged is moved aside');
  cacheCommand('collect', 'delete results that no run of late needs')
    .option('--dry-run', 'say what would go, and delete nothing')
    .option('--older-than <days>', 'keep what runs of this many days used (default: 30)', days)
    .option(
      '--keep-last <n>',
      'keep what the last runs of each pipeline used, so many, and not what others did',
      positive,
    )
    .option(
      '--keep-checkpoints <k>',
      'of streams of files keep the last items, so many; the others stay known',
      positive,
    )
    .option('--failed-older-than <days>', 'keep for this many days what failed attempts left', days, 7);
  cacheCommand('remove <run-node-or-name>', 'delete a run, or the results of a node, task or pipeline').option(
    '--dry-run',
    'say what would go, and delete nothing',
  );
  command(
    'doctor [name] [overrides...]',
    'whether this machine, or the cluster, has what runs need',
    async () => (await import('./commands/doctor.ts')).doctor,
  )
    .addOption(profile)
    .addOption(executor)
    .option('--probe', 'start a tiny job on every node of the partition');
  command('new <name>', 'a new pipeline that runs at once', async () => (await import('./commands/new.ts')).makeNew);
  return program;
}

function collect(value: string, before: unknown): string[] {
  return [...(before as string[]), value];
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return value;
}

function portNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65535) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}

function days(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('It must be a number of days, 0 or more.');
  return value;
}

/** Commander's words, in our form. */
function usageProblem(error: CommanderError, argv: readonly string[]): Problem {
  const [what = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = more.find((line) => line.startsWith('(Did you mean'))?.slice(1, -1);
  const command = argv.find((word) => !word.startsWith('-'));
  if (error.code === 'commander.help') {
    if (command === undefined) return new Problem('usage', 'No command was given.', { hint: 'pipeline --help' });
    return new Problem('usage', `"pipeline ${command}" needs to know what to do.`, {
      hint: `pipeline ${command} --help`,
    });
  }
  const help =
    error.code === 'commander.unknownCommand' || command === undefined
      ? 'pipeline --help'
      : `pipeline ${command} --help`;
  const message = `${what.charAt(0).toUpperCase()}${what.slice(1)}`.replaceAll("'", '"').replace(/\.?$/, '.');
  return new Problem('usage', message, { hint: suggestion ? `${suggestion} (${help})` : help });
}
