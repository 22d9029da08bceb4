# shellcheck shell=bash disable=SC2034,SC2154
# Part of slurm-cluster: what was asked for, where it is kept, one command at a time.

declare -A S=(
  [nodes]=4 [gpus]=8 [gputype]="" [cpus]=64 [mem]=262144 [accounting]=no [memory]=no
  [isolation]=auto [minjobage]=300 [nodetimeout]=20 [killwait]=5 [grace]=0
  [portbase]="" [extra]=""
)
declare -A ASKED=()
DIR=${SLURM_CLUSTER_DIR:-${TMPDIR:-/tmp}/slurm-cluster}
WAIT=60 INSTALL=yes PURGE=no NOW=no DAEMON_ONLY=no CRASH=no
ARGS=()

ask() { ASKED[$1]=$2; }

is_int() { [[ $2 =~ ^[0-9]+$ ]] && ((10#$2 >= $3 && 10#$2 <= $4)) && return 0; die -2 "$1: a whole number from $3 to $4 is needed, not '$2'"; }

parse() {
  local opt val
  while (($#)); do
    opt=$1; shift
    case $opt in
      --accounting) ask accounting yes; continue ;;
      --enforce-memory) ask memory yes; continue ;;
      --no-install) INSTALL=no; continue ;;
      --purge) PURGE=yes; continue ;;
      --now) NOW=yes; continue ;;
      --daemon-only) DAEMON_ONLY=yes; continue ;;
      --crash) CRASH=yes; continue ;;
      -h | --help) usage; exit 0 ;;
      --*=*) val=${opt#*=}; opt=${opt%%=*} ;;
      --*) (($#)) || die -2 "$opt needs a value"; val=$1; shift ;;
      *) ARGS+=("$opt"); continue ;;
    esac
    case $opt in
      --dir) DIR=$val ;;
      --nodes) is_int "$opt" "$val" 1 200; ask nodes "$((10#$val))" ;;
      --gpus-per-node) is_int "$opt" "$val" 0 128; ask gpus "$((10#$val))" ;;
      --gpu-type) [[ $val =~ ^[A-Za-z0-9_-]*$ ]] || die -2 "$opt: bad type '$val'"; ask gputype "$val" ;;
      --cpus-per-node) is_int "$opt" "$val" 1 4096; ask cpus "$((10#$val))" ;;
      --mem-per-node) is_int "$opt" "$val" 64 100000000; ask mem "$((10#$val))" ;;
      --isolation) [[ $val =~ ^(auto|namespaces|none)$ ]] || die -2 "$opt: auto, namespaces or none"; ask isolation "$val" ;;
      --min-job-age) is_int "$opt" "$val" 0 1000000; ask minjobage "$((10#$val))" ;;
      --node-timeout) is_int "$opt" "$val" 1 65000; ask nodetimeout "$((10#$val))" ;;
      --kill-wait) is_int "$opt" "$val" 0 65000; ask killwait "$((10#$val))" ;;
      --grace) is_int "$opt" "$val" 0 65000; ask grace "$((10#$val))" ;;
      --conf) [[ $val =~ ^[A-Za-z]+=[^$'\n']*$ ]] || die -2 "$opt: Key=Value is needed"; ask extra "${ASKED[extra]:-}$val"$'\x1f' ;;
      --port-base) is_int "$opt" "$val" 1024 65000; ask portbase "$((10#$val))" ;;
      --wait) is_int "$opt" "$val" 1 3600; WAIT=$((10#$val)) ;;
      *) die -2 "unknown option $opt (see: $ME help)" ;;
    esac
  done
}

load_settings() {
  local k v
  [[ -f $DIR/settings ]] || return 1
  while IFS='=' read -r k v; do [[ -v S[$k] ]] && S[$k]=$v; done <"$DIR/settings"
}
save_settings() {
  local k
  for k in "${!S[@]}"; do printf '%s=%s\n' "$k" "${S[$k]}"; done | sort >"$DIR/settings.new"
  mv "$DIR/settings.new" "$DIR/settings"
}

set_paths() {
  ETC=$DIR/etc RUN=$DIR/run LOG=$DIR/log STATE=$DIR/state
  CONF=$ETC/slurm.conf
}

# The directory must be ours: nothing is ever removed from one without the mark.
open_dir() {
  case $DIR in /*) ;; *) DIR=$PWD/$DIR ;; esac
  DIR=$(realpath -m -- "$DIR")
  [[ $DIR =~ ^[A-Za-z0-9_./+-]+$ ]] || die -2 "--dir: only letters, digits and _ . / + - may be in the path ($DIR)"
  ((${#DIR} <= 70)) || die -2 "--dir: the path is too long for the sockets in it ($DIR)"
  set_paths
}
is_up() { [[ -f $DIR/$MARK && -f $DIR/settings ]]; }
need_up() { if ! is_up || ! load_settings; then die -3 "no cluster in $DIR (run: $ME up)"; fi; }
need_root() { ((EUID == 0)) || die "must run as root"; }

lock() { exec 9>"$LOCK"; flock -w 900 9 || die "another $ME holds $LOCK"; }

nodes() { local i; for ((i = 1; i <= S[nodes]; i++)); do echo "n$i"; done; }
is_node() { [[ $1 =~ ^n([1-9][0-9]*)$ ]] && ((BASH_REMATCH[1] <= S[nodes])); }
