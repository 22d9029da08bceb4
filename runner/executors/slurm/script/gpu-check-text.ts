/**
 * A node that has lost GPUs ends every job that it gets: found here, it is avoided. Where nothing can be counted nothing is doubted. Of
 * a GPU that is cut into slices each slice counts, and the whole does not.
 */
export function gpuCheckText(asked: number): string[] {
  return [
    'seen=${SLURM_GPUS_ON_NODE:-}',
    'if [ -n "${CUDA_VISIBLE_DEVICES-}" ]; then seen=0; for gpu in $(IFS=,; echo $CUDA_VISIBLE_DEVICES); do seen=$((seen + 1)); done; fi',
    'if command -v nvidia-smi >/dev/null 2>&1; then',
    '  found=$(',
    '    nvidia-smi -L 2>/dev/null | {',
    '      number=0 before=',
    '      while read -r kind _; do',
    '        case $kind in',
    '          GPU) number=$((number + 1)) before=gpu ;;',
    '          MIG) [ "$before" = gpu ] || number=$((number + 1)); before=slice ;;',
    '        esac',
    '      done',
    '      echo "$number"',
    '    }',
    '  )',
    `  [ "$found" -ge "\${seen:-${asked}}" ] || seen=$found`,
    'fi',
    `if [ "\${seen:-${asked}}" -lt ${asked} ] && [ "$copy" != by-hand ]; then`,
    `  echo "asked for ${asked} GPUs on this node, and there are $seen"`,
    '  echo "gpus $SLURMD_NODENAME" >"$here/why"',
    '  [ -n "$on_node" ] || record 95 gpus',
    '  exit 95',
    'fi',
  ];
}
