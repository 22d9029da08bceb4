import { existsSync, readFileSync } from 'node:fs';
import { processIds, processStat } from '../../cache/process-stat.ts';
import { findProgram } from '../../tasks/core/needs.ts';
import { pythonHolder } from './holder-python.ts';
import { signalGroup } from './process-group.ts';

/** What few jobs need: the end of what they left. */
const perlSweep = `
my $rounds = 0;
sub rest { select undef, undef, undef, $rounds++ < 100 ? 0.005 : 0.2 }
sub below {
  my %inside = ($$ => 1);
  my (%parent, %is_over);
  opendir my $all, "/proc" or return;
  for my $pid (grep { /^[0-9]+$/ } readdir $all) {
    open my $file, "<", "/proc/$pid/stat" or next;
    local $/;
    my ($state, $parent) = (<$file> // "") =~ /.*\\) (\\S) (\\d+) /s or next;
    $parent{$pid} = $parent;
    $is_over{$pid} = $state =~ /[ZX]/;
  }
  for (my $found = 1; $found;) {
    $found = 0;
    for (keys %parent) { $found = $inside{$_} = 1 if !$inside{$_} && $inside{$parent{$_}} }
  }
  return grep { $_ != $$ && !$is_over{$_} } keys %inside;
}
sub name {
  open my $file, "<", "/proc/$_[0]/cmdline" or return "process $_[0]";
  local $/;
  (my $words = <$file> // "") =~ s/[\\0-\\x20]+/ /g;
  $words = substr $words =~ s/ $//r, 0, 100;
  return $words eq "" ? "process $_[0]" : "$words (process $_[0])";
}
for (1 .. 20) { last if is_alone; rest }
my (%left, %stuck);
until (is_alone) {
  my %now;
  while (my @new = grep { !$now{$_}++ } below) {
    $left{$_} //= name($_) for @new;
    kill STOP => @new; # or they go on to start others
  }
  for (keys %now) { kill(KILL => $_) or $! + 0 != 1 or $stuck{$_} = $left{$_} }
  last if %stuck && $rounds > 200;
  rest;
}
print STDERR "stet: ended with the job what it had left running: ", join(", ", map { $left{$_} } sort { $a <=> $b } keys %left),
  ". What is to outlive a job cannot be started by it.\\n" if %left;
if (%stuck && !is_alone) {
  print STDERR "stet: may not be ended by this user, so nothing of the job can be trusted: ", join(", ", values %stuck), "\\n";
  $status = 1 << 8;
}
`;

/**
 * A small process between the driver and the program of one job. Whatever the program starts, and whatever leaves its process
 * group, becomes a child of this one when it loses its parent (a child subreaper, man 2 prctl). So when the program has ended the
 * rest is known, gets a moment to end by itself, and is ended; only then does the holder end, as the program did: with its exit
 * code, or by its signal. Signals to the group reach the program directly, and the holder lives on. The program dies with its holder.
 *
 *     perl -e TEXT PRCTL JOB_FOLDER PROGRAM [ARGUMENT …]
 *
 * PRCTL is the number of that system call. Perl, because it is on nearly every Linux, and started in a millisecond or two.
 */
export const perlHolder = `# stet: holds all processes of one job until they have ended
my ($prctl, $folder, @command) = @ARGV;
sub prctl { syscall $prctl + 0, $_[0], $_[1], 0, 0, 0 }
prctl(36, 1); # PR_SET_CHILD_SUBREAPER
my @signals = qw(HUP INT QUIT USR1 USR2 ALRM PIPE TERM);
my %before = map { $_ => $SIG{$_} || "DEFAULT" } @signals;
$before{INT} = $before{QUIT} = "DEFAULT"; # a shell that starts programs in its background has them ignored
my $told;
$SIG{$_} = sub { $told = shift } for @signals; # or one that comes right now ends the holder alone
my $program = fork;
if (!defined $program) {
  my $why = "$!";
  open my $note, ">", "$folder/not-started" and print $note $why;
  exit 71;
}
if (!$program) {
  prctl(1, 9); # PR_SET_PDEATHSIG
  $SIG{$_} = $before{$_} for @signals;
  kill $told => $$ if $told;
  exec { $command[0] } @command or 1;
  my $error = $! + 0;
  exit 127 if $error == 2;
  my @places = $command[0] =~ m{/} ? $command[0] : map { "$_/$command[0]" } split /:/, $ENV{PATH} // "";
  exit(grep({ -e } @places) ? 126 : 127) if $error == 13;
  print STDERR "stet: $command[0]: $!\\n";
  exit 126;
}
$SIG{$_} = "IGNORE" for @signals;
my $status;
sub is_alone {
  my $gone;
  while (($gone = waitpid -1, 1) > 0) { $status = $? if $gone == $program }
  return $gone < 0;
}
until (defined $status) {
  my $gone = waitpid -1, 0;
  $status = $? if $gone == $program;
  $status //= 1 << 8 if $gone < 0;
}
# Most jobs leave nothing, and need not wait until this is compiled.
if (!is_alone) { eval q{${perlSweep}}; die if $@ }
if (my $signal = $status & 127) {
  prctl(4, 0); # PR_SET_DUMPABLE: the core is the program's
  $SIG{$_} = "DEFAULT" for @signals;
  kill $signal => $$;
  exit 128 + $signal;
}
exit $status >> 8;
`;

/** By `process.arch`: the number of the system call, from the kernel's tables. */
const prctlNumbers: Readonly<Record<string, number>> = {
  x64: 157,
  arm64: 167,
  riscv64: 167,
  loong64: 167,
  ppc64: 171,
  s390x: 172,
};

/** How the process that holds a job is started, up to the job's folder. */
export type Holder = readonly string[];

/** Undefined where there is none: then what a job leaves is looked for when it has ended. */
export async function findHolder(): Promise<Holder | undefined> {
  if (process.platform !== 'linux') return undefined;
  const perl = existsSync('/usr/bin/perl') ? '/usr/bin/perl' : await findProgram('perl');
  if (perl !== undefined && prctlNumbers[process.arch] !== undefined) return holders.perl(perl);
  const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : await findProgram('python3');
  return python === undefined ? undefined : holders.python(python);
}

/** By the program that they are written for. */
export const holders = {
  perl: (program: string): Holder => [program, '-e', perlHolder, String(prctlNumbers[process.arch])],
  python: (program: string): Holder => [program, '-I', '-S', '-c', pythonHolder],
};

/** The command under a holder. */
export function held(command: readonly string[], { holder, folder }: { holder: Holder; folder: string }): string[] {
  return [...holder, folder, ...command];
}

/** A holder gets so long to end what it holds before it is killed with its group, in milliseconds. */
const holderGraceMs = 2_000;
const killPollMs = 50;

/**
 * Kills the program under a holder, which leads its group, and what was left to it: the holder then ends the rest, and itself. Goes on
 * until what it gives is called, because a holder that has just begun has started nothing yet.
 */
export function killHeld(holder: number): () => void {
  const kill = (): void => {
    for (const pid of childrenOf(holder)) signalProcess(pid, 'SIGKILL');
    signalProcess(holder, 'SIGCONT'); // whoever stopped the job stopped it too
  };
  kill();
  const startedAt = performance.now();
  const timer = setInterval(() => {
    if (performance.now() - startedAt < holderGraceMs) kill();
    else signalGroup(holder, 'SIGKILL');
  }, killPollMs);
  return () => clearInterval(timer);
}

/** Not all kernels list them. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return processIds().filter((child) => processStat(child)?.parent === pid);
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it is gone: what was wanted is so
  }
}
