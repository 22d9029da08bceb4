import { perlHolder } from '../../holder.ts';
import { quoted } from '../../shell-quote.ts';

/**
 * `held PROGRAM …` becomes the program, under a holder where there is Perl and where the kernel lists the children of a process; `tell
 * SIGNAL` tells the program and not its holder. Which machine it is the names of its loaders say, without a process.
 */
export const holdText: readonly string[] = [
  'stet_prctl=',
  '[ ! -e /lib64/ld-linux-x86-64.so.2 ] || stet_prctl=157',
  '[ ! -e /lib/ld-linux-aarch64.so.1 ] || stet_prctl=167',
  '[ -r "/proc/$$/task/$$/children" ] && [ -x /usr/bin/perl ] || stet_prctl=',
  'held() {',
  '  [ -n "$stet_prctl" ] || exec "$@"',
  `  exec /usr/bin/perl -e ${quoted(perlHolder)} "$stet_prctl" /dev/null "$@"`,
  '}',
  'tell() {',
  '  target=',
  '  [ -z "$stet_prctl" ] || read -r target _ <"/proc/$child/task/$child/children"',
  '  kill "-$1" "${target:-$child}"',
  '} 2>/dev/null',
];
