# shellcheck shell=bash disable=SC2034,SC2154
# Part of slurm-cluster: daemons known by pid and start time.

# A process is known by its pid AND its start time, so that a pid taken over by
# a stranger is never signalled.

born() { # PID -> start time in clock ticks; fails if gone or a zombie
  local s
  { s=$(<"/proc/$1/stat"); } 2>/dev/null && [[ -n $s ]] || return 1 # it may end while it is looked at
  s=${s##*') '}
  # shellcheck disable=SC2086
  set -- $s
  [[ $1 != [ZX] ]] || return 1
  echo "${20}"
}

recorded() { # NAME -> pid, if that very process still lives
  local p b
  { read -r p b <"$RUN/$1.proc"; } 2>/dev/null || return 1
  [[ $(born "$p") == "$b" ]] || return 1
  echo "$p"
}

note() { local b; b=$(born "$2") || return 1; echo "$2 $b" >"$RUN/$1.proc"; }

# spawn NAME COMMAND... : a daemon in its own session, bare environment
spawn() {
  local name=$1 pid; shift
  (cd "$RUN" && exec setsid env -i PATH="$PATH" HOME=/root LANG=C.UTF-8 SLURM_CONF="$CONF" \
    "$@" </dev/null >>"$LOG/$name.out" 2>&1 9>&-) &
  pid=$!
  disown "$pid" 2>/dev/null || true
  note "$name" "$pid" || die "$name died at once:"$'\n'"$(tail -n 20 "$LOG/$name.out" 2>/dev/null)"
}

gone() { # PID BORN SECONDS : wait for its end
  local end=$(($(now_ms) + $3 * 1000))
  while [[ -n $2 && $(born "$1") == "$2" ]]; do
    (($(now_ms) < end)) || return 1
    sleep 0.05
  done
}

halt() { # NAME SECONDS : SIGTERM, after SECONDS SIGKILL
  local p b
  if p=$(recorded "$1"); then
    b=$(born "$p") || b=
    if (($2)); then kill -TERM "$p" 2>/dev/null || true; kill -CONT "$p" 2>/dev/null || true; fi
    if ! (($2)) || ! gone "$p" "$b" "$2"; then
      kill -KILL "$p" 2>/dev/null || true
      gone "$p" "$b" 10 || say "warning: $1 (pid $p) does not die"
    fi
  fi
  rm -f "$RUN/$1.proc"
}

children() { # PID -> pids of its children
  local f s
  for f in /proc/[0-9]*/stat; do
    { s=$(<"$f"); } 2>/dev/null && [[ -n $s ]] || continue
    local pid=${s%% *} rest=${s##*') '}
    # shellcheck disable=SC2086
    set -- "$1" $rest
    [[ $3 == "$1" ]] && echo "$pid"
  done
  return 0
}
