#!/bin/sh
# stet: train seed=1 and others
run() {
  tries=0
  until [ -r "$1/job.sh" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 60 ] || exit 96
    sleep 1
  done
  folder=$1
  set --
  . "$folder/job.sh"
}
case $SLURM_ARRAY_TASK_ID in
0) run '/store/it'\''s/1' ;;
1) run '/store/it'\''s/2' ;;
esac
