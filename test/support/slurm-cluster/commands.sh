# shellcheck shell=bash disable=SC2034,SC2154
# Part of slurm-cluster: one function for each command.

stop_all() {
  local n
  # Nodes first, so that no step is left; all at once.
  for n in $(nodes); do kill_node "$n" & done
  wait
  if [[ ${S[memory]} == yes ]]; then
    for n in $(nodes); do find "$MEMCG/slurm_$n" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
  fi
  halt slurmctld 10
  halt slurmdbd 10
  halt mariadbd 20
  halt munged 5
}

cmd_up() {
  local k n t0 fresh=no wanted
  need_root
  t0=$(now_ms)
  lock
  if [[ -e $DIR && ! -f $DIR/$MARK ]]; then
    [[ -d $DIR && -O $DIR && -z $(ls -A "$DIR") ]] || die "$DIR exists and is not a directory of $ME"
  fi
  [[ ! -e $DIR || -O $DIR ]] || die "$DIR belongs to someone else"
  mkdir -p "$DIR"
  chmod 755 "$DIR"
  : >"$DIR/$MARK"
  mkdir -p "$ETC" "$RUN" "$LOG" "$STATE"
  chmod 755 "$ETC" "$RUN" "$LOG"
  chmod 755 "$STATE" # job scripts of other users lie in it

  if load_settings; then
    for k in "${!ASKED[@]}"; do
      wanted=${ASKED[$k]}
      [[ $k/$wanted != isolation/auto ]] || continue
      [[ ${S[$k]} == "$wanted" ]] || die -4 "a cluster with other settings is up in $DIR ($k is '${S[$k]}'); run: $ME down"
    done
  else
    fresh=yes
    for k in "${!ASKED[@]}"; do S[$k]=${ASKED[$k]}; done
    rm -f "$LOG"/*
  fi
  trap on_exit EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
  install_packages
  if [[ $fresh == yes ]]; then
    UNDO=yes
    if [[ ${S[isolation]} == auto ]]; then
      if can_isolate; then S[isolation]=namespaces; else S[isolation]=none; fi
    fi
    pick_ports
    write_config
    save_settings
  fi

  start_munged
  [[ ${S[accounting]} != yes ]] || start_database
  start_controller
  for n in $(nodes); do power_on "$n"; done
  # On a new cluster every node gets idle; on an old one some may have jobs.
  # shellcheck disable=SC2046
  if ! wait_nodes "$WAIT" "$([[ $fresh == yes ]] && echo idle || echo up)" $(nodes); then
    tail -n 8 "$LOG"/slurmctld.log "$LOG"/slurmctld.out "$LOG"/n1.log "$LOG"/n1.out >&2 2>/dev/null || true
    exit 1
  fi
  UNDO=no
  say "Slurm $(version): ${S[nodes]} nodes x ${S[cpus]} CPUs, ${S[gpus]} GPUs; isolation: ${S[isolation]}; accounting: ${S[accounting]}; ready after $(($(now_ms) - t0)) ms"
  echo "$CONF"
}

cmd_down() {
  need_root
  lock
  if [[ ! -f $DIR/$MARK ]]; then say "nothing in $DIR"; return 0; fi
  if load_settings; then stop_all; fi
  rm -rf "$STATE" "$RUN" "$ETC" "$DIR/settings"
  if [[ $PURGE == yes ]]; then rm -rf "$LOG"; rm -f "$DIR/$MARK"; rmdir "$DIR" 2>/dev/null || true; fi
  say "down"
}

cmd_status() {
  local d rc=0 p x names
  if ! is_up; then echo "down ($DIR)"; exit 3; fi
  load_settings
  echo "directory: $DIR"
  echo "SLURM_CONF=$CONF"
  names=(munged slurmctld)
  [[ ${S[accounting]} != yes ]] || names+=(mariadbd slurmdbd)
  for d in "${names[@]}"; do
    if p=$(recorded "$d"); then
      x=; [[ $(awk '/^State:/ { print $2 }' "/proc/$p/status" 2>/dev/null) != T ]] || x=" frozen"
      echo "$d: running (pid $p)$x"
    else echo "$d: dead"; rc=1; fi
  done
  for d in $(nodes); do
    if p=$(slurmd_pid "$d"); then
      x=; [[ $(awk '/^State:/ { print $2 }' "/proc/$p/status" 2>/dev/null) != T ]] || x=" frozen"
      echo "$d: slurmd running (pid $p)$x"
    elif recorded "$d" >/dev/null; then echo "$d: node up, slurmd dead"; rc=1
    else echo "$d: dead"; rc=1; fi
  done
  if recorded slurmctld >/dev/null; then timeout 15 env SLURM_CONF="$CONF" sinfo -N -o '%N %P %T %G %E' 2>&1 || rc=1; fi
  exit $rc
}

cmd_env() { need_up; echo "export SLURM_CONF=$CONF"; }

one_node() { ((${#ARGS[@]} == 1)) || die -2 "one node name is needed"; is_node "${ARGS[0]}" || die -2 "no node '${ARGS[0]}' (n1..n${S[nodes]})"; NODE=${ARGS[0]}; }

cmd_kill_node() {
  need_root; need_up; one_node
  local p b
  if [[ $DAEMON_ONLY == yes ]]; then
    p=$(slurmd_pid "$NODE") || die "$NODE: slurmd is not running"
    b=$(born "$p")
    kill -KILL "$p"
    gone "$p" "$b" 10 || die "$NODE: slurmd does not die"
  else
    : >"$RUN/$NODE.off"
    kill_node "$NODE"
  fi
  if [[ $NOW == yes ]]; then slurm scontrol update "NodeName=$NODE" State=DOWN Reason=killed; fi
}

power_on() { # NODE
  if [[ -e $RUN/$1.off ]]; then
    # A rebooted node is told from one that never went away by its boot time,
    # which all nodes here share with the host; so say it in words, else the
    # controller goes on believing in the jobs it had there.
    if [[ $(node_state "$1") != *DOWN* ]]; then
      slurm timeout 30 scontrol update "NodeName=$1" State=DOWN Reason="Node unexpectedly rebooted" || true
    fi
    rm -f "$RUN/$1.off"
  fi
  start_node "$1"
}

cmd_restart_node() {
  need_root; need_up; one_node
  if slurmd_pid "$NODE" >/dev/null; then : >"$RUN/$NODE.off"; kill_node "$NODE"; fi
  power_on "$NODE"
  wait_nodes "$WAIT" up "$NODE"
}

cmd_freeze_node() {
  local p; need_root; need_up; one_node
  p=$(slurmd_pid "$NODE") || die "$NODE: slurmd is not running"
  kill -STOP "$p"
  if [[ $NOW == yes ]]; then slurm scontrol update "NodeName=$NODE" State=DOWN Reason="cut off"; fi
}
cmd_thaw_node() {
  local p; need_root; need_up; one_node
  p=$(slurmd_pid "$NODE") || die "$NODE: slurmd is not running"
  kill -CONT "$p"
  wait_nodes "$WAIT" up "$NODE" # the controller asks now and then
}

cmd_hurry() {
  local id when now; need_up
  printf -v now '%(%Y-%m-%dT%H:%M:%S)T' -1
  while read -r id when; do # (a held job has no such time, and stays held)
    [[ $when != 2* || ! $when > $now ]] || slurm scontrol update "JobId=$id" StartTime=now || true
  done < <(slurm squeue -h -r -t PENDING -O 'JobID:20,EligibleTime:30')
}

cmd_stop_controller() { need_root; need_up; if [[ $CRASH == yes ]]; then halt slurmctld 0; else halt slurmctld 20; fi; }
cmd_start_controller() {
  need_root; need_up
  start_controller
  local end=$(($(now_ms) + WAIT * 1000))
  until slurm scontrol ping 2>/dev/null | grep -q 'is UP'; do
    (($(now_ms) < end)) || die "slurmctld does not answer:"$'\n'"$(tail -n 15 "$LOG/slurmctld.log")"
    sleep 0.1
  done
}
cmd_freeze_controller() { local p; need_root; need_up; p=$(recorded slurmctld) || die "slurmctld is not running"; kill -STOP "$p"; }
cmd_thaw_controller() { local p; need_root; need_up; p=$(recorded slurmctld) || die "slurmctld is not running"; kill -CONT "$p"; }
cmd_stop_accounting() { need_root; need_up; halt slurmdbd 0; }
