#!/usr/bin/env node
// Stands in for gsutil: `ls -L gs://BUCKET/PREFIX**` and `-q cp gs://BUCKET/NAME#GENERATION PATH`, in its words, from a
// server that speaks the JSON API. The real one reaches no server but Google's.
const { writeFileSync } = require('node:fs');
const base = process.env.STORAGE_EMULATOR_HOST;
const [first, ...rest] = process.argv.slice(2);

async function list(pattern) {
  const [, bucket, prefix] = /^gs:\/\/([^/]+)\/(.*)\*\*$/.exec(pattern);
  const answer = await fetch(`${base}/storage/v1/b/${bucket}/o?prefix=${encodeURIComponent(prefix)}`, { headers: login });
  const { items } = await answer.json();
  if (items.length === 0) {
    process.stderr.write('CommandException: One or more URLs matched no objects.\n');
    process.exit(1);
  }
  let bytes = 0;
  for (const item of items) {
    bytes += Number(item.size);
    process.stdout.write(
      `gs://${bucket}/${item.name}:\n    Creation time:          Mon, 01 Jan 2024 00:00:00 GMT\n    Update time:            Mon, 01 Jan 2024 00:00:00 GMT\n    Storage class:          STANDARD\n    Content-Length:         ${item.size}\n    Content-Type:           application/octet-stream\n    Hash (crc32c):          ${item.crc32c}\n${item.md5Hash ? `    Hash (md5):             ${item.md5Hash}\n` : ''}    ETag:                   ${item.etag}\n    Generation:             ${item.generation}\n    Metageneration:         1\n    ACL:                    ACCESS DENIED\n`,
    );
  }
  process.stdout.write(`TOTAL: ${items.length} objects, ${bytes} bytes (${bytes} B)\n`);
}

async function copy(from, to) {
  const [, bucket, name, generation] = /^gs:\/\/([^/]+)\/(.*)#(\d+)$/s.exec(from);
  const url = `${base}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media&generation=${generation}`;
  const answer = await fetch(url, { headers: login });
  if (!answer.ok) {
    process.stderr.write(`CommandException: No URLs matched: ${from}\n`);
    process.exit(1);
  }
  writeFileSync(to, Buffer.from(await answer.arrayBuffer()));
}

const login = { authorization: 'Bearer of-the-user' };
void (first === 'ls' ? list(rest[1]) : copy(rest[1], rest[2]));
