#!/bin/sh
# train seed=1
folder='/store/runs/0042/jobs/train.1'
child=
told=
trap 'told=${told:-USR1}; [ -z "$child" ] || scancel --signal=TERM "$SLURM_JOB_ID"' USR1
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
  has_bird_fallen || kill -TERM "$child" 2>/dev/null
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
resuming=
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
  [ "$found" -ge "${seen:-8}" ] || seen=$found
fi
if [ "${seen:-8}" -lt 8 ] && [ "$copy" != by-hand ]; then
  echo "asked for 8 GPUs on this node, and there are $seen"
  echo "gpus $SLURMD_NODENAME" >"$here/why"
  [ -n "$on_node" ] || record 95 gpus
  exit 95
fi
program() {
cd '/store/runs/0042/jobs/train.1' || { echo folder >"$STET_HERE/why"; exit 97; }
set -- "$STET_HERE" "$STET_OUT" "$STET_RESUMING"
unset STET_HERE STET_COPY STET_OUT STET_RESUMING ENVIRONMENT HOSTNAME PWD OLDPWD
exec 'train' '--steps=3'
}
if [ -n "$on_node" ]; then
  export NODE_RANK="$SLURM_NODEID" PET_NODE_RANK="$SLURM_NODEID"
  program
fi
export MASTER_ADDR="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)"
export MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))
export NNODES=2 WORLD_SIZE=$((2 * ${SLURM_GPUS_ON_NODE:-1}))
export PET_MASTER_ADDR="$MASTER_ADDR" PET_MASTER_PORT="$MASTER_PORT" PET_NNODES="$NNODES" PET_NPROC_PER_NODE="${SLURM_GPUS_ON_NODE:-1}"
srun --nodes=2 --ntasks=2 --ntasks-per-node=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" --kill-on-bad-exit=1 --label /bin/sh "$folder/job.sh" on-node &
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
wait "$child"; code=$?
while [ "$code" -gt 128 ] && kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
wait "$child" 2>/dev/null; again=$?
[ "$again" = 127 ] || code=$again
trap : TERM USR1
kill -USR2 "$heart" 2>/dev/null
[ -z "${work-}" ] || rm -f "$work/user.$turn.$copy"
why=program
[ ! -e "$here/why" ] || { read -r why node <"$here/why"; [ -z "$node" ] || SLURMD_NODENAME=$node; }
record "$code" "$why"
exit "$code"
