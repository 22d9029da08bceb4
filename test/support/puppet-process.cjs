// The process behind a puppet: `node puppet-process.cjs SOCKET NAME ...ARGS`. Obeys one JSON line at a time and answers each.
const { connect } = require('node:net');
const fs = require('node:fs');
const { dirname } = require('node:path');

const [socket, name, ...args] = process.argv.slice(2);
const wire = connect(socket);
wire.write(`${JSON.stringify({ name, pid: process.pid, cwd: process.cwd(), args })}\n`);
wire.on('close', () => process.exit(99));
wire.on('error', () => process.exit(99));

const servers = [];

let text = '';
wire.on('data', (chunk) => {
  text += chunk;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
    obey(JSON.parse(text.slice(0, end)));
    text = text.slice(end + 1);
  }
});

function obey(order) {
  let answer = 'done';
  if ('listen' in order) {
    // An answer only once it listens, or cannot.
    const server = require('node:http').createServer((_, response) => response.end(`${name} ${process.pid}`));
    servers.push(server);
    server.once('error', (error) => wire.write(`${error.code}\n`));
    server.listen(order.listen, '127.0.0.1', () => wire.write('done\n'));
    return;
  }
  if ('write' in order) {
    fs.mkdirSync(dirname(order.write), { recursive: true });
    fs.writeFileSync(order.write, order.text);
  }
  if ('rename' in order) fs.renameSync(order.rename, order.to);
  if ('remove' in order) fs.rmSync(order.remove, { recursive: true, force: true });
  if ('print' in order) process.stdout.write(`${order.print}\n`);
  if ('list' in order) answer = JSON.stringify(fs.existsSync(order.list) ? fs.readdirSync(order.list).sort() : []);
  if ('read' in order) answer = JSON.stringify(fs.readFileSync(order.read, 'utf8'));
  if ('ignore' in order) process.on(order.ignore, () => {});
  if ('env' in order) answer = JSON.stringify(process.env);
  if ('leave' in order) answer = String(require('node:child_process').spawn('sleep', ['600'], { stdio: 'ignore' }).pid);
  if ('escape' in order) {
    // A group, a session and an environment of its own.
    const apart = { stdio: 'ignore', detached: true, env: { PATH: process.env.PATH }, cwd: '/' };
    const script = 'exec 9>>"$0"; while :; do echo late >&9; sleep 0.02; done';
    answer = String(require('node:child_process').spawn('sh', ['-c', script, order.escape], apart).pid);
  }
  if ('unlisten' in order) {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
  if ('exit' in order) process.exit(order.exit);
  wire.write(`${answer}\n`);
}
