# shellcheck shell=bash disable=SC2034,SC2154
# Part of slurm-cluster: virtual nodes, with namespaces of their own where that is allowed.

# First process of an isolated node: runs slurmd, reaps orphans, stays when
# slurmd dies (the node is still powered on); USR1 starts slurmd again.
node_init() {
  cat <<'EOF'
mount -t proc proc /proc || exit 70
hostname "$NODE" || exit 71
mount --bind "$HOSTS" /etc/hosts || exit 72
go=1
trap 'go=1' USR1
while :; do
  if [ $go = 1 ]; then
    go=0
    "$@" & d=$!
    while kill -0 $d 2>/dev/null; do wait $d; done
  else
    sleep infinity & s=$!
    wait $s
    kill $s 2>/dev/null
  fi
done
EOF
}

slurmd_pid() { # NODE -> host's pid of its slurmd
  local p c k b best="" since=""
  p=$(recorded "$1") || return 1
  if [[ ${S[isolation]} != namespaces ]]; then echo "$p"; return 0; fi
  for c in $(children "$p"); do
    for k in $(children "$c"); do # (the oldest: it forks when it starts a step)
      [[ $(cat "/proc/$k/comm" 2>/dev/null) == slurmd* ]] && b=$(born "$k") || continue
      if [[ -z $best ]] || ((b < since)); then best=$k since=$b; fi
    done
  done
  [[ -n $best ]] && echo "$best"
}

start_node() {
  local n=$1 c p
  if p=$(recorded "$n"); then
    slurmd_pid "$n" >/dev/null && return 0
    for c in $(children "$p"); do kill -USR1 "$c" 2>/dev/null || true; done
    return 0
  fi
  mkdir -p "$STATE/$n"
  if [[ ${S[isolation]} == namespaces ]]; then
    spawn "$n" unshare --mount --uts --pid --fork --kill-child=KILL --propagation slave \
      env NODE="$n" HOSTS="$ETC/hosts" bash -c "$(node_init)" "node-$n" \
      slurmd -D -f "$CONF" -N "$n"
  else
    spawn "$n" slurmd -D -f "$CONF" -N "$n"
  fi
}

# Processes of jobs on a node that has no process namespace of its own: they
# carry the node's name and our slurm.conf in their environment; step daemons
# hold the node's log open.
job_pids() { # NODE
  local d p self=$$ env f
  for d in /proc/[0-9]*; do
    p=${d#/proc/}
    ((p != self)) || continue
    env=$'\n'$({ tr '\0' '\n' <"$d/environ"; } 2>/dev/null)$'\n' || continue
    if [[ $env == *$'\n'"SLURMD_NODENAME=$1"$'\n'* && $env == *$'\n'"SLURM_CONF=$CONF"$'\n'* ]]; then echo "$p"; continue; fi
    if [[ $(cat "$d/comm" 2>/dev/null) == slurmstepd* ]]; then
      for f in "$d"/fd/*; do
        if [[ $(readlink "$f" 2>/dev/null) == "$LOG/$1.log" ]]; then echo "$p"; break; fi
      done
    fi
  done
}

kill_node() { # NODE : power loss
  local n=$1 p b list c _
  if [[ ${S[isolation]} == namespaces ]]; then
    if p=$(recorded "$n"); then
      # The namespace dies with its first process, whatever runs in it.
      for c in $(children "$p"); do
        b=$(born "$c") || continue
        kill -KILL "$c" 2>/dev/null || true
        gone "$c" "$b" 10 || say "warning: node $n does not die"
      done
    fi
    halt "$n" 0
  else
    halt "$n" 0
    for _ in 1 2 3 4 5 6 7 8; do
      list=$(job_pids "$n")
      [[ -n $list ]] || break
      # shellcheck disable=SC2086
      kill -KILL $list 2>/dev/null || true
      sleep 0.05
    done
  fi
}

node_state() { slurm timeout 30 scontrol -o show node "$1" 2>/dev/null | sed -n 's/.* State=\([^ ]*\).*/\1/p'; }

# Wait until the given nodes are in service (idle or with jobs).
wait_nodes() { # SECONDS idle|up NODE...
  local secs=$1 goal=$2 end out n st bad; shift 2
  local -A lost=()
  end=$(($(now_ms) + secs * 1000))
  while :; do
    out=$(slurm scontrol -o show node 2>/dev/null) || out=
    bad=
    for n; do
      [[ $'\n'$out =~ $'\n'"NodeName=$n "[^$'\n']*" State="([^ ]+) ]] && st=${BASH_REMATCH[1]} || st=UNKNOWN
      case $goal/$st in
        idle/IDLE | up/IDLE | up/MIXED | up/ALLOCATED | up/COMPLETING | up/*+COMPLETING) ;;
        # Slurm drains a node on which a launch went wrong; a person looks at it and takes it back.
        up/*DRAIN*) bad+=" $n:$st"; slurm timeout 30 scontrol update "NodeName=$n" State=RESUME 2>/dev/null || true ;;
        *) bad+=" $n:$st" ;;
      esac
    done
    [[ -n $bad ]] || return 0
    for n; do # no use in waiting for a slurmd that died
      [[ $bad == *" $n:"* ]] || continue
      if slurmd_pid "$n" >/dev/null; then lost[$n]=0; continue; fi
      ((++lost[$n] < 20)) && continue
      say "slurmd of $n died:"$'\n'"$(tail -n 8 "$LOG/$n.out" "$LOG/$n.log" 2>/dev/null)"
      return 1
    done
    if (($(now_ms) > end)); then say "after $secs s not in service:$bad"; return 1; fi
    sleep 0.1
  done
}
