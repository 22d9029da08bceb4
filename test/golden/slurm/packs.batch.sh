#!/bin/sh
# stet: train seed=1 and others
run() {
  tries=0
  until [ -r "$1/job.sh" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 60 ] || exit 96
    sleep 1
  done
  [ -z "$told" ] || return 0
  /bin/sh "$1/job.sh" &
  child=$!
  wait "$child"; last=$?
  while [ "$last" -gt 128 ] && kill -0 "$child" 2>/dev/null; do wait "$child"; last=$?; done
  [ "$last" = 0 ] || code=$last
}
code=0 told= child=
trap 'told=1; kill -TERM "$child" 2>/dev/null' TERM
case $SLURM_ARRAY_TASK_ID in
0) run '/store/it'\''s/1'; run '/store/it'\''s/2' ;;
1) run '/store/it'\''s/3'; run '/store/it'\''s/4' ;;
esac
exit "$code"
