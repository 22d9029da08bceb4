#!/bin/sh
# train seed=1
folder='/store/runs/0042/jobs/train.1'
stet_prctl=
[ ! -e /lib64/ld-linux-x86-64.so.2 ] || stet_prctl=157
[ ! -e /lib/ld-linux-aarch64.so.1 ] || stet_prctl=167
[ -r "/proc/$$/task/$$/children" ] && [ -x /usr/bin/perl ] || stet_prctl=
held() {
  [ -n "$stet_prctl" ] || exec "$@"
  exec /usr/bin/perl -e '# stet: holds all processes of one job until they have ended
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
  print STDERR "stet: $command[0]: $!\n";
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
if (!is_alone) { eval q{
my $rounds = 0;
sub rest { select undef, undef, undef, $rounds++ < 100 ? 0.005 : 0.2 }
sub below {
  my %inside = ($$ => 1);
  my (%parent, %is_over);
  opendir my $all, "/proc" or return;
  for my $pid (grep { /^[0-9]+$/ } readdir $all) {
    open my $file, "<", "/proc/$pid/stat" or next;
    local $/;
    my ($state, $parent) = (<$file> // "") =~ /.*\) (\S) (\d+) /s or next;
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
  (my $words = <$file> // "") =~ s/[\0-\x20]+/ /g;
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
  ". What is to outlive a job cannot be started by it.\n" if %left;
if (%stuck && !is_alone) {
  print STDERR "stet: may not be ended by this user, so nothing of the job can be trusted: ", join(", ", values %stuck), "\n";
  $status = 1 << 8;
}
}; die if $@ }
if (my $signal = $status & 127) {
  prctl(4, 0); # PR_SET_DUMPABLE: the core is the program'\''s
  $SIG{$_} = "DEFAULT" for @signals;
  kill $signal => $$;
  exit 128 + $signal;
}
exit $status >> 8;
' "$stet_prctl" /dev/null "$@"
}
tell() {
  target=
  [ -z "$stet_prctl" ] || read -r target _ <"/proc/$child/task/$child/children"
  kill "-$1" "${target:-$child}"
} 2>/dev/null
child=
told=
trap 'told=${told:-USR1}; [ -z "$child" ] || tell TERM' USR1
has_bird_fallen() {
  [ -n "${bird-}" ] && [ -r "/proc/$$/stat" ] || return 1
  state=Z
  [ ! -r "/proc/$bird/stat" ] || read -r _ _ state _ <"/proc/$bird/stat"
  [ "$state" = Z ]
}
pass_on() {
  told=TERM
  [ -n "$child" ] || return 0
  [ -z "${bird-}" ] || sleep 0.2
  has_bird_fallen || tell TERM
}
trap pass_on TERM
trap : INT HUP
[ -w "$folder" ] || exit 96
on_node=${1-}
copy=by-hand
if [ -z "$on_node" ]; then
  exec >>"$folder/log.txt" 2>&1 </dev/null
  if [ -n "${SLURM_JOB_ID-}" ]; then
    copy=0
    set -C
    until { echo "${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID} ${SLURM_ARRAY_TASK_ID:--} ${SLURMD_NODENAME-}" || :; } >"$folder/begun.$copy"; do
      [ ! -d "$folder/begun.0" ] || exit 0
      copy=$((copy + 1))
      [ "$copy" -lt 1000 ] || exit 96
    done 2>/dev/null
    set +C
  fi
  here=$folder
  [ "$copy" = 0 ] || here=$folder/again-$copy
  [ "$here" = "$folder" ] || mkdir -p "$here" || exit 96
  for ended in "$folder/exit.json" "$folder"/again-*/exit.json; do
    [ "$copy" != 0 ] && [ -e "$ended" ] || continue
    read -r line <"$ended" || continue
    case $line in '{"code":0,"told":"",'*) [ -n "${SLURM_JOB_ID-}" ] && exit 0 ;; esac
  done
else
  here=$STET_HERE copy=$STET_COPY
fi
clock() {
  read -r now _ </proc/uptime
  now=${now%.*}${now#*.}
}
clock
began=$now
entries=0
tally() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  entries=$((entries + 1))
  [ -d "$1" ] && [ ! -L "$1" ] || return 0
  for inside in "$1"/* "$1"/.[!.]* "$1"/..?*; do tally "$inside"; done
}
record() {
  if [ -n "$out" ]; then tally "$out"; else for made in "$here"/out.*; do tally "$made"; done; fi
  clock
  peak=0
  while IFS=: read -r _ _ group; do
    case $group in *"/job_$SLURM_JOB_ID"*) group=${group%%"/job_$SLURM_JOB_ID"*}/job_$SLURM_JOB_ID ;; *) continue ;; esac
    for file in "/sys/fs/cgroup$group/memory.peak" "/sys/fs/cgroup/memory$group/memory.max_usage_in_bytes"; do
      [ ! -r "$file" ] || read -r peak <"$file"
    done
  done 2>/dev/null </proc/self/cgroup
  ticks=0 code=$1 why=$2
  if read -r line </proc/$$/stat; then set -- ${line##*")"}; ticks=$((${14} + ${15})); fi 2>/dev/null
  printf '{"code":%d,"told":"%s","why":"%s","job":"%s","copy":"%s","host":"%s","out":"%s","entries":%d,"peak":%s,"hundredths":%d,"used":%d}\n' \
    "$code" "$told" "$why" "${SLURM_JOB_ID-}" "$copy" "${SLURMD_NODENAME-}" "${out##*/}" "$entries" "$peak" "$((now - began))" "$ticks" >"$here/exit.json"
}
out=
work='/store/work/0123'
turn=3
if [ -z "$on_node" ] && [ "$copy" != by-hand ]; then
  for other in "$work"/turn.*; do
    [ -e "$other" ] || continue
    at=${other##*/turn.}
    if [ "${at%%.*}" -gt "$turn" ] || { [ "${at%%.*}" -eq "$turn" ] && [ "${at#*.}" -gt "$copy" ]; }; then
      echo "a newer attempt has taken over: nothing to do"
      exit 0
    fi
  done
  [ -d "$work" ] || mkdir -p "$work"
  true >"$work/turn.$turn.$copy" || exit 96
  newest() {
    number=$1
    for other in "$work"/out.* "$work"/left.*; do
      at=${other##*.}
      case $at in *[!0-9]* | "") continue ;; esac
      [ -e "$other" ] && [ "$at" -gt "$number" ] && number=$at
    done
  }
  newest 0
  out=$work/out
  [ "$number" = 0 ] || out=$work/out.$number
  left=$work/left.$number
  alive=
  for user in "$work"/user.*; do [ -e "$user" ] && alive=1; done
  [ -n "$alive" ] && [ -d "$out" ] && [ ! -e "$left" ] && mv "$out" "$left"
  if [ -d "$left" ] && [ ! -e "$work/out.$((number + 1))" ]; then
    out=$work/out.$((number + 1))
    rm -rf "$work/part"
    cp -a --reflink=auto "$left" "$work/part" 2>/dev/null || { rm -rf "$work/part"; cp -pR "$left" "$work/part"; } || exit 96
    mv "$work/part" "$out"
    rm -f "$work"/user.*
    rm -rf "$left" &
  fi
  [ -d "$out" ] || mkdir -p "$out"
  true >"$work/user.$turn.$copy" || exit 96
fi
[ "$copy" != by-hand ] || { out=$here/out && mkdir -p "$out"; }
resuming=
for inside in "$out"/* "$out"/.[!.]* "$out"/..?*; do [ -e "$inside" ] || [ -L "$inside" ] && resuming=1; done
[ -z "$on_node" ] || { out=$STET_OUT resuming=$STET_RESUMING; }
if [ -z "$on_node" ]; then
  export STET_JOB="$folder" STET_HERE="$here" STET_COPY="$copy" STET_OUT="$out" STET_RESUMING="$resuming" TMPDIR="${TMPDIR:-/tmp}"
  export STET_PROGRESS='/store/runs/0042/jobs/train.1/progress.jsonl' STET_CPUS="${SLURM_CPUS_PER_TASK:-1}"
fi
seen=${SLURM_GPUS_ON_NODE:-}
if [ -n "${CUDA_VISIBLE_DEVICES-}" ]; then seen=0; for gpu in $(IFS=,; echo $CUDA_VISIBLE_DEVICES); do seen=$((seen + 1)); done; fi
if command -v nvidia-smi >/dev/null 2>&1; then
  found=$(
    nvidia-smi -L 2>/dev/null | {
      number=0 before=
      while read -r kind _; do
        case $kind in
          GPU) number=$((number + 1)) before=gpu ;;
          MIG) [ "$before" = gpu ] || number=$((number + 1)); before=slice ;;
        esac
      done
      echo "$number"
    }
  )
  [ "$found" -ge "${seen:-2}" ] || seen=$found
fi
if [ "${seen:-2}" -lt 2 ] && [ "$copy" != by-hand ]; then
  echo "asked for 2 GPUs on this node, and there are $seen"
  echo "gpus $SLURMD_NODENAME" >"$here/why"
  [ -n "$on_node" ] || record 95 gpus
  exit 95
fi
program() {
for init in "${LMOD_PKG-}/init/sh" "${MODULESHOME-}/init/sh" /etc/profile.d/lmod.sh /etc/profile.d/z00_lmod.sh /etc/profile.d/modules.sh; do
  command -v module >/dev/null 2>&1 && break
  [ -r "$init" ] && . "$init"
done
trap 'echo setup >"$STET_HERE/why"; echo "pipeline.config.ts: this failed: $stet_step" >&2' EXIT
stet_step='module load cuda/12.4'
module load 'cuda/12.4'
[ "$?" = 0 ] || exit 94
stet_step='. /opt/site.sh'
. /opt/site.sh
[ "$?" = 0 ] || exit 94
trap - EXIT
unset stet_step
stet_pad=$STET_PAD
unset STET_PAD
while read -r stet_name stet_hidden; do
  stet_value=
  while [ -n "$stet_hidden" ]; do
    stet_rest=${stet_hidden#??}; stet_a=${stet_hidden%"$stet_rest"}; stet_hidden=$stet_rest
    stet_rest=${stet_pad#??}; stet_b=${stet_pad%"$stet_rest"}; stet_pad=$stet_rest
    stet_byte=$((0x$stet_a ^ 0x$stet_b))
    stet_value="$stet_value\\0$((stet_byte / 64))$((stet_byte / 8 % 8))$((stet_byte % 8))"
  done
  stet_value=$(printf "%bx" "$stet_value")
  export "$stet_name=${stet_value%x}"
done <'/store/runs/0042/jobs/train.1/secrets' || { echo secrets >"$STET_HERE/why"; exit 97; }
cd '/project' || { echo folder >"$STET_HERE/why"; exit 97; }
set -- "$STET_HERE" "$STET_OUT" "$STET_RESUMING"
unset STET_HERE STET_COPY STET_OUT STET_RESUMING ENVIRONMENT HOSTNAME PWD OLDPWD
if [ -n "$3" ]; then
  held 'train' '--resume' "$2"'/checkpoints/last'
fi
held 'train' '--out='"$2"'/checkpoints'
}
program &
child=$!
(
  trap "" TERM INT HUP USR1
  trap 'kill -KILL "$nap" 2>/dev/null; exit 0' USR2
  beats=0
  while kill -0 "$$" 2>/dev/null; do
    sleep 30 & nap=$!
    wait "$nap"
    beats=$((beats + 1))
    echo "$beats" >"$here/beat"
  done
) >/dev/null 2>&1 & heart=$!
sleep 2147483 & bird=$!
printf '{"copy":"%s","host":"%s","out":"%s"}\n' "$copy" "${SLURMD_NODENAME-}" "${out##*/}" >"$here/started.json"
wait "$child"; code=$?
while [ "$code" -gt 128 ] && kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
wait "$child" 2>/dev/null; again=$?
[ "$again" = 127 ] || code=$again
trap : TERM USR1
kill -USR2 "$heart" 2>/dev/null
! has_bird_fallen || told=TERM
kill "$bird" 2>/dev/null
[ -z "${work-}" ] || rm -f "$work/user.$turn.$copy"
why=program
[ ! -e "$here/why" ] || { read -r why node <"$here/why"; [ -z "$node" ] || SLURMD_NODENAME=$node; }
record "$code" "$why"
exit "$code"
