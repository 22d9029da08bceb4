import type { Job } from '../../executor.ts';
import { quoted } from '../../shell-quote.ts';

/**
 * The folder that attempts share. As long as it is certain that the former copy has ended, the next goes on in the same
 * folder. Where it may still write (its host was lost), its folder is renamed, which takes it out of the copy's reach, and a copy
 * of it under another name is gone on with. A copy that wakes up after a newer one began does nothing.
 */
export function sharedFolderText({ work, epoch }: NonNullable<Job['shared']>): string[] {
  return [
    `work=${quoted(work)}`,
    `turn=${epoch}`,
    'if [ -z "$on_node" ] && [ "$copy" != by-hand ]; then',
    '  for other in "$work"/turn.*; do',
    '    [ -e "$other" ] || continue',
    '    at=${other##*/turn.}',
    '    if [ "${at%%.*}" -gt "$turn" ] || { [ "${at%%.*}" -eq "$turn" ] && [ "${at#*.}" -gt "$copy" ]; }; then',
    '      echo "a newer attempt has taken over: nothing to do"',
    '      exit 0',
    '    fi',
    '  done',
    '  [ -d "$work" ] || mkdir -p "$work"',
    '  true >"$work/turn.$turn.$copy" || exit 96',
    '  newest() {',
    '    number=$1',
    '    for other in "$work"/out.* "$work"/left.*; do',
    '      at=${other##*.}',
    '      case $at in *[!0-9]* | "") continue ;; esac',
    '      [ -e "$other" ] && [ "$at" -gt "$number" ] && number=$at',
    '    done',
    '  }',
    '  newest 0',
    '  out=$work/out',
    '  [ "$number" = 0 ] || out=$work/out.$number',
    '  left=$work/left.$number',
    '  alive=',
    '  for user in "$work"/user.*; do [ -e "$user" ] && alive=1; done',
    '  [ -n "$alive" ] && [ -d "$out" ] && [ ! -e "$left" ] && mv "$out" "$left"',
    '  if [ -d "$left" ] && [ ! -e "$work/out.$((number + 1))" ]; then',
    '    out=$work/out.$((number + 1))',
    '    rm -rf "$work/part"',
    '    cp -a --reflink=auto "$left" "$work/part" 2>/dev/null || { rm -rf "$work/part"; cp -pR "$left" "$work/part"; } || exit 96',
    '    mv "$work/part" "$out"',
    '    rm -f "$work"/user.*',
    '    rm -rf "$left" &',
    '  fi',
    '  [ -d "$out" ] || mkdir -p "$out"',
    '  true >"$work/user.$turn.$copy" || exit 96',
    'fi',
    '[ "$copy" != by-hand ] || { out=$here/out && mkdir -p "$out"; }',
    'resuming=',
    'for inside in "$out"/* "$out"/.[!.]* "$out"/..?*; do [ -e "$inside" ] || [ -L "$inside" ] && resuming=1; done',
    '[ -z "$on_node" ] || { out=$STET_OUT resuming=$STET_RESUMING; }',
  ];
}
