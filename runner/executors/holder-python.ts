/** What `holder.ts` has in Perl, for machines without it; it takes ten times as long to start. The two do the same, line by line. */
export const pythonHolder = `# stet: holds all processes of one job until they have ended
import ctypes, os, signal, sys, time
folder, command = sys.argv[1], sys.argv[2:]
prctl = ctypes.CDLL(None).prctl
ended_by = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE, signal.SIGTERM)
def say(text):
    os.write(2, ('stet: ' + text + '\\n').encode(errors='surrogateescape'))
for name in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(name, signal.SIG_DFL)  # Python has changed them, and shells ignore some in their background
prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
signal.pthread_sigmask(signal.SIG_BLOCK, ended_by)  # or one that comes right now ends the holder alone
try:
    program = os.fork()
except OSError as error:
    with open(folder + '/not-started', 'w') as note:
        note.write(error.strerror)
    os._exit(71)
if program == 0:
    prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ended_by)
    places = [command[0]] if '/' in command[0] else [p + '/' + command[0] for p in os.environ.get('PATH', '').split(':')]
    code = 127
    for place in places:
        try:
            os.execv(place, command)
        except OSError as error:
            if error.errno == 8:
                os.execv('/bin/sh', ['sh', place] + command[1:])
            if error.errno == 13 and os.path.exists(place):
                code = 126
            elif error.errno not in (2, 13, 20):
                say(command[0] + ': ' + error.strerror)
                os._exit(126)
    os._exit(code)
for name in ended_by:
    signal.signal(name, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_UNBLOCK, ended_by)
status = None
rounds = 0
def is_alone():
    global status
    try:
        while True:
            gone, how = os.waitpid(-1, os.WNOHANG)
            if gone == program:
                status = how
            if gone == 0:
                return False
    except ChildProcessError:
        return True
def rest():
    global rounds
    rounds += 1
    time.sleep(0.005 if rounds <= 100 else 0.2)
def below():
    parent, over = {}, set()
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/' + pid + '/stat', errors='replace') as file:
                state, mother = file.read().rpartition(') ')[2].split(' ')[:2]
        except (OSError, ValueError):
            continue
        parent[int(pid)] = int(mother)
        if state in 'ZX':
            over.add(int(pid))
    inside, size = {os.getpid()}, 0
    while size != len(inside):
        size = len(inside)
        inside |= {pid for pid in parent if parent[pid] in inside}
    return inside - over - {os.getpid()}
def name_of(pid):
    try:
        with open('/proc/%d/cmdline' % pid, errors='surrogateescape') as file:
            words = ' '.join(file.read().replace('\\0', ' ').split())
    except OSError:
        words = ''
    return '%s (process %d)' % (words[:99], pid) if words else 'process %d' % pid
while status is None:
    try:
        gone, how = os.waitpid(-1, 0)
        if gone == program:
            status = how
    except ChildProcessError:
        status = 1 << 8
for _ in range(20):
    if is_alone():
        break
    rest()
left, stuck = {}, {}
while not is_alone():
    now = set()
    while below() - now:
        for pid in below() - now:
            now.add(pid)
            left.setdefault(pid, name_of(pid))
            try:
                os.kill(pid, signal.SIGSTOP)  # or they go on to start others
            except OSError:
                pass
    for pid in now:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        except PermissionError:
            stuck[pid] = left[pid]
    if stuck and rounds > 200:
        break
    rest()
if left:
    say('ended with the job what it had left running: ' + ', '.join(left[pid] for pid in sorted(left))
        + '. What is to outlive a job cannot be started by it.')
if stuck and not is_alone():
    say('may not be ended by this user, so nothing of the job can be trusted: ' + ', '.join(stuck.values()))
    status = 1 << 8
if os.WIFSIGNALED(status):
    prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: the core is the program's
    by = os.WTERMSIG(status)
    if by not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(by, signal.SIG_DFL)
    os.kill(os.getpid(), by)
    os._exit(128 + by)
os._exit(os.WEXITSTATUS(status))
`;
