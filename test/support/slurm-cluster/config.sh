# shellcheck shell=bash disable=SC2034,SC2154
# Part of slurm-cluster: slurm.conf and what goes with it.

version() { slurmctld -V | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1; }
version_ge() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; } # $2 >= $1

can_isolate() {
  unshare --mount --uts --pid --fork --kill-child --propagation slave \
    bash -c 'mount -t proc proc /proc && hostname x' >/dev/null 2>&1
}

write_config() {
  local host v n i base=${S[portbase]} gres="" last="n[1-${S[nodes]}]" tres=""
  host=$(hostname -s 2>/dev/null || cat /proc/sys/kernel/hostname); host=${host%%.*}
  v=$(version)
  ((S[nodes] > 1)) || last=n1
  if ((S[gpus])); then
    gres=" Gres=gpu:${S[gputype]:+${S[gputype]}:}${S[gpus]}"
    tres=gres/gpu
    mkdir -p "$ETC/dev"
    # Harmless character devices (as /dev/null); where mknod is not allowed
    # plain files do, at the price of a complaint in the log.
    for ((i = 0; i < S[gpus]; i++)); do mknod -m 666 "$ETC/dev/gpu$i" c 1 3 2>/dev/null || : >"$ETC/dev/gpu$i"; done
    {
      echo "AutoDetect=off"
      if ((S[gpus] == 1)); then n=gpu0; else n="gpu[0-$((S[gpus] - 1))]"; fi
      echo "NodeName=$last Name=gpu${S[gputype]:+ Type=${S[gputype]}} File=$ETC/dev/$n"
    } >"$ETC/gres.conf"
  else
    : >"$ETC/gres.conf"
  fi

  {
    echo "ClusterName=test"
    echo "SlurmctldHost=$host(127.0.0.1)"
    echo "SlurmctldPort=$base"
    echo "SlurmUser=root"
    echo "SlurmdUser=root"
    echo "AuthType=auth/munge"
    echo "AuthInfo=socket=$RUN/munge.socket"
    echo "CredType=cred/munge"
    echo "StateSaveLocation=$STATE/ctld"
    echo "SlurmdSpoolDir=$STATE/%n"
    echo "SlurmctldPidFile=$RUN/slurmctld.pid"
    echo "SlurmdPidFile=$RUN/%n.pid"
    echo "SlurmctldLogFile=$LOG/slurmctld.log"
    echo "SlurmdLogFile=$LOG/%n.log"
    echo "SlurmctldDebug=info"
    echo "SlurmdDebug=info"
    echo "MailProg=/bin/true"
    echo "MpiDefault=none"
    echo "SwitchType=switch/none"
    echo "ProctrackType=proctrack/linuxproc"
    if [[ ${S[memory]} == yes ]]; then echo "TaskPlugin=task/cgroup"; else echo "TaskPlugin=task/none"; fi
    echo "JobAcctGatherType=jobacct_gather/linux"
    echo "JobAcctGatherFrequency=task=10"
    echo "PropagateResourceLimits=NONE"
    echo "SelectType=select/cons_tres"
    echo "SelectTypeParameters=CR_CPU_Memory"
    echo "DefMemPerCPU=$((S[mem] / S[cpus] > 1024 ? 1024 : (S[mem] / S[cpus] > 0 ? S[mem] / S[cpus] : 1)))"
    echo "EnforcePartLimits=ALL"
    [[ -z $gres ]] || echo "GresTypes=gpu"
    # The nodes claim more than the host has; take their word for it.
    echo "SlurmdParameters=config_overrides"
    echo "SchedulerType=sched/backfill"
    echo "SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,bf_resolution=1,bf_continue,default_queue_depth=10000,bf_max_job_test=10000"
    echo "PriorityType=priority/basic"
    echo "PreemptType=preempt/partition_prio"
    echo "PreemptMode=REQUEUE"
    echo "JobRequeue=1"
    echo "MaxArraySize=10001"
    echo "MaxJobCount=50000"
    echo "MinJobAge=${S[minjobage]}"
    echo "KillWait=${S[killwait]}"
    echo "SlurmctldTimeout=10"
    echo "SlurmdTimeout=${S[nodetimeout]}"
    echo "MessageTimeout=10"
    echo "TCPTimeout=2"
    echo "BatchStartTimeout=10"
    echo "InactiveLimit=0"
    echo "Waittime=0"
    echo "CompleteWait=0"
    echo "UnkillableStepTimeout=60"
    echo "ReturnToService=2"
    echo "HealthCheckInterval=0"
    echo "JobCompType=jobcomp/filetxt"
    echo "JobCompLoc=$LOG/jobcomp.log"
    if [[ ${S[accounting]} == yes ]]; then
      [[ -z $tres ]] || echo "AccountingStorageTRES=$tres" # fatal without slurmdbd
      echo "AccountingStorageType=accounting_storage/slurmdbd"
      echo "AccountingStorageHost=127.0.0.1"
      echo "AccountingStoragePort=$((base + 1))"
      echo "AccountingStoragePass=$RUN/munge.socket" # with munge: the socket to use
      echo "AccountingStoreFlags=job_comment"
    else
      echo "AccountingStorageType=accounting_storage/none"
    fi
  } >"$ETC/slurm.conf.new"

  # --conf: replace the key if it is there, then append
  local line key
  while IFS= read -r -d $'\x1f' line; do
    key=${line%%=*}
    sed -i -E "/^${key}=/Id" "$ETC/slurm.conf.new"
    echo "$line" >>"$ETC/slurm.conf.new"
  done < <(printf '%s' "${S[extra]}")

  {
    echo "NodeName=DEFAULT CPUs=${S[cpus]} Boards=1 SocketsPerBoard=1 CoresPerSocket=${S[cpus]} ThreadsPerCore=1 RealMemory=${S[mem]} TmpDisk=0$gres State=UNKNOWN"
    for ((i = 1; i <= S[nodes]; i++)); do
      echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((base + 10 + i))"
    done
    echo "PartitionName=DEFAULT Nodes=$last MaxTime=INFINITE DefaultTime=UNLIMITED State=UP OverSubscribe=NO"
    echo "PartitionName=batch Default=YES PriorityTier=10 PreemptMode=OFF"
    echo "PartitionName=high PriorityTier=20 PreemptMode=OFF"
    echo "PartitionName=preempt PriorityTier=1 PreemptMode=REQUEUE GraceTime=${S[grace]}"
  } >>"$ETC/slurm.conf.new"
  chmod 644 "$ETC/slurm.conf.new"
  mv "$ETC/slurm.conf.new" "$CONF"

  if [[ ${S[memory]} == yes ]]; then
    {
      if [[ -d $MEMCG ]]; then echo "CgroupPlugin=cgroup/v1"; else printf '%s\n' "CgroupPlugin=cgroup/v2" "IgnoreSystemd=yes"; fi
      printf '%s\n' "ConstrainRAMSpace=yes" "AllowedRAMSpace=100" "ConstrainSwapSpace=yes" "AllowedSwapSpace=0"
    } >"$ETC/cgroup.conf"
  elif version_ge 23.11 "$v"; then
    echo "CgroupPlugin=disabled" >"$ETC/cgroup.conf"
  else
    # slurmd loads a plugin even when nothing uses it; this one does not mind
    # if no cgroup file system is there (in many containers).
    echo "CgroupPlugin=cgroup/v1" >"$ETC/cgroup.conf"
  fi

  # Names of the nodes, for processes on the nodes.
  {
    cat /etc/hosts 2>/dev/null || true
    for ((i = 1; i <= S[nodes]; i++)); do echo "127.0.$((1 + i / 250)).$((1 + i % 250)) n$i"; done
  } >"$ETC/hosts"

  [[ -s $ETC/munge.key ]] || (umask 077; head -c 128 /dev/urandom >"$ETC/munge.key")
  chmod 600 "$ETC/munge.key"

  if [[ ${S[accounting]} == yes && ! -s $ETC/slurmdbd.conf ]]; then
    (
      umask 077
      pw=$(head -c 18 /dev/urandom | base64 | tr '+/' 'xy')
      {
        echo "AuthType=auth/munge"
        echo "AuthInfo=socket=$RUN/munge.socket"
        echo "DbdHost=$host"
        echo "DbdAddr=127.0.0.1"
        echo "DbdPort=$((base + 1))"
        echo "SlurmUser=root"
        echo "LogFile=$LOG/slurmdbd.log"
        echo "PidFile=$RUN/slurmdbd.pid"
        echo "DebugLevel=info"
        echo "CommitDelay=0"
        echo "StorageType=accounting_storage/mysql"
        echo "StorageHost=127.0.0.1"
        echo "StoragePort=$((base + 2))"
        echo "StorageUser=slurm"
        echo "StoragePass=$pw"
        echo "StorageLoc=slurm_acct_db"
      } >"$ETC/slurmdbd.conf"
    )
  fi
}
