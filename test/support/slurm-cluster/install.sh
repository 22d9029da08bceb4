# shellcheck shell=bash disable=SC2034,SC2154
# Part of slurm-cluster: packages and free ports.

have() { local c; for c; do type -P "$c" >/dev/null || return 1; done; }

POLICY="" UNDO=no
cleanup_policy() { if [[ -n $POLICY ]]; then rm -f "$POLICY"; POLICY=""; fi; }
on_exit() { # a first start that fails leaves nothing running
  local rc=$?
  trap - EXIT
  cleanup_policy
  if [[ $UNDO == yes ]]; then
    say "stopping what was started; logs: $LOG"
    stop_all
    rm -f "$DIR/settings"
  fi
  exit "$rc"
}

install_packages() {
  local want=() pol=/usr/sbin/policy-rc.d
  have slurmctld && have scontrol || want+=(slurmctld slurm-client)
  have slurmd slurmstepd || want+=(slurmd)
  have sbatch squeue srun sinfo scancel || want+=(slurm-client)
  have munged mungekey || want+=(munge)
  have setsid unshare nsenter flock || want+=(util-linux)
  if [[ ${S[accounting]} == yes ]]; then
    have slurmdbd || want+=(slurmdbd)
    have mariadbd mariadb mariadb-install-db || want+=(mariadb-server-core mariadb-client-core)
  fi
  ((${#want[@]})) || return 0
  [[ $INSTALL == yes ]] || die "missing packages: ${want[*]}"
  have apt-get || die "missing: ${want[*]} (only apt-get is known here)"
  say "installing ${want[*]}"
  # No service of the distribution is to be started by the packages.
  if [[ ! -e $pol ]]; then
    POLICY=$pol
    printf '#!/bin/sh\nexit 101\n' >"$pol"; chmod 755 "$pol"
  fi
  local apt=(apt-get -q -y -o DPkg::Lock::Timeout=600) log=$LOG/install.log
  {
    DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --no-install-recommends "${want[@]}" ||
      { "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --no-install-recommends "${want[@]}"; }
  } </dev/null >>"$log" 2>&1 9>&- || die "apt-get failed:"$'\n'"$(tail -n 15 "$log")"
  cleanup_policy
  hash -r
}

# -------------------------------------------------------------------- ports ---

used_ports() { awk 'FNR > 1 { n = split($2, a, ":"); print a[n] }' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u; }

pick_ports() { # base: slurmctld, +1 slurmdbd, +2 mariadb, +10+i slurmd of node i
  local n=$((11 + S[nodes])) base i try used
  [[ -z ${S[portbase]} ]] || return 0
  used=" $(used_ports | tr '\n' ' ')"
  for ((try = 0; try < 200; try++)); do
    base=$((16000 + (RANDOM % 64) * 250))
    for ((i = 0; i <= n; i++)); do
      [[ $used == *" $(printf '%04X' $((base + i))) "* ]] && continue 2
    done
    S[portbase]=$base
    return 0
  done
  die "no free block of ports found"
}

port_open() { (exec 8<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

wait_port() { # NAME PORT SECONDS
  local end=$(($(now_ms) + $3 * 1000))
  until port_open "$2"; do
    recorded "$1" >/dev/null || die "$1 died:"$'\n'"$(tail -n 20 "$LOG/$1.out" "$LOG/$1.log" 2>/dev/null)"
    (($(now_ms) < end)) || die "$1 does not listen on port $2 after $3 s:"$'\n'"$(tail -n 20 "$LOG/$1.out" "$LOG/$1.log" 2>/dev/null)"
    sleep 0.05
  done
}
