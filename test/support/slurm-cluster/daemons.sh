# shellcheck shell=bash disable=SC2034,SC2154
# Part of slurm-cluster: munge, the database, the controller.

start_munged() {
  recorded munged >/dev/null && return 0
  rm -f "$RUN/munge.socket" "$RUN/munge.socket.lock" "$RUN/munged.pid"
  spawn munged munged --foreground --num-threads=10 --key-file="$ETC/munge.key" \
    --socket="$RUN/munge.socket" --pid-file="$RUN/munged.pid" \
    --log-file="$LOG/munged.log" --seed-file="$STATE/munge.seed"
  local end=$(($(now_ms) + 20000))
  until [[ -S $RUN/munge.socket ]]; do
    recorded munged >/dev/null || die "munged died:"$'\n'"$(tail -n 20 "$LOG/munged.out" "$LOG/munged.log" 2>/dev/null)"
    (($(now_ms) < end)) || die "munged made no socket"
    sleep 0.05
  done
}

start_database() {
  local pw sql db=$STATE/mysql sock=$RUN/mysql.socket end
  if ! recorded mariadbd >/dev/null; then
    if [[ ! -d $db/mysql ]]; then
      rm -rf "$db"
      mkdir -m 700 "$db"
      mariadb-install-db --no-defaults --user=root --datadir="$db" --skip-test-db \
        --auth-root-authentication-method=normal >>"$LOG/mariadbd.out" 2>&1 9>&- ||
        die "mariadb-install-db failed:"$'\n'"$(tail -n 15 "$LOG/mariadbd.out")"
    fi
    rm -f "$sock"
    spawn mariadbd mariadbd --no-defaults --user=root --datadir="$db" --socket="$sock" \
      --bind-address=127.0.0.1 --port=$((S[portbase] + 2)) --pid-file="$RUN/mariadbd.pid" \
      --innodb-buffer-pool-size=256M --innodb-log-file-size=64M --innodb-lock-wait-timeout=900 \
      --innodb-flush-log-at-trx-commit=0 --innodb-fast-shutdown=2 --max-allowed-packet=16M
    wait_port mariadbd $((S[portbase] + 2)) 60
    pw=$(sed -n 's/^StoragePass=//p' "$ETC/slurmdbd.conf")
    sql="CREATE DATABASE IF NOT EXISTS slurm_acct_db;
      CREATE USER IF NOT EXISTS 'slurm'@'127.0.0.1' IDENTIFIED BY '$pw';
      CREATE USER IF NOT EXISTS 'slurm'@'localhost' IDENTIFIED BY '$pw';
      GRANT ALL ON slurm_acct_db.* TO 'slurm'@'127.0.0.1', 'slurm'@'localhost';"
    end=$(($(now_ms) + 30000))
    until mariadb --no-defaults --user=root --socket="$sock" -e "$sql" >>"$LOG/mariadbd.out" 2>&1 <<<"" 9>&-; do
      (($(now_ms) < end)) || die "MariaDB is not usable:"$'\n'"$(tail -n 15 "$LOG/mariadbd.out")"
      sleep 0.2
    done
  fi
  if ! recorded slurmdbd >/dev/null; then
    spawn slurmdbd slurmdbd -D
    wait_port slurmdbd $((S[portbase] + 1)) 90
    end=$(($(now_ms) + 30000))
    # "already exists" ends with status 1 too, so look for the cluster instead
    until [[ $(slurm sacctmgr -nP list cluster format=cluster 2>/dev/null) == *test* ]]; do
      slurm sacctmgr -i add cluster test >>"$LOG/slurmdbd.out" 2>&1 || true
      (($(now_ms) < end)) || die "slurmdbd does not take the cluster:"$'\n'"$(tail -n 15 "$LOG/slurmdbd.out" "$LOG/slurmdbd.log")"
      sleep 0.1
    done
    slurm sacctmgr -i add account test cluster=test >>"$LOG/slurmdbd.out" 2>&1 || true
    slurm sacctmgr -i add user root account=test >>"$LOG/slurmdbd.out" 2>&1 || true
  fi
}

slurm() { SLURM_CONF=$CONF "$@" 9>&-; } # a client command on this cluster

start_controller() {
  recorded slurmctld >/dev/null && return 0
  mkdir -p "$STATE/ctld"
  chmod 700 "$STATE/ctld"
  # -i: start even if the saved state cannot be read (first start has none)
  spawn slurmctld slurmctld -D
  wait_port slurmctld "${S[portbase]}" 30
}
