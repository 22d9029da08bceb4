/** A node that has lost GPUs ends every job that it gets: found here, it is avoided. */
export function gpuCheckText(asked: number): string[] {
  return [
    'seen=${SLURM_GPUS_ON_NODE:-}',
    'if [ -n "${CUDA_VISIBLE_DEVICES-}" ]; then seen=0; for gpu in $(IFS=,; echo $CUDA_VISIBLE_DEVICES); do seen=$((seen + 1)); done; fi',
    'if [ "${seen:-0}" -gt 0 ] && command -v nvidia-smi >/dev/null 2>&1; then',
    '  found=$(nvidia-smi -L 2>/dev/null | grep -c "^GPU")',
    '  [ "$found" -ge "$seen" ] || seen=$found',
    'fi',
    `if [ "\${seen:-0}" -lt ${asked} ] && [ "$copy" != by-hand ]; then`,
    `  echo "asked for ${asked} GPUs on this node, and there are \${seen:-0}"`,
    '  echo "gpus $SLURMD_NODENAME" >"$here/why"',
    '  [ -n "$on_node" ] || record 95 gpus',
    '  exit 95',
    'fi',
  ];
}
