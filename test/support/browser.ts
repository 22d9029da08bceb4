import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
];

/** Why browser tests are skipped here; undefined when there is a browser. */
export const noBrowser =
  spawnSync('chromium', ['--version']).status === 0 ? undefined : 'no Chromium here: apt-get install chromium';

export interface Seen {
  /** Width that the page needs, in CSS pixels. */
  readonly scrollWidth: number;
  readonly windowWidth: number;
  readonly height: number;
  readonly background: string;
  /** Addresses that it loaded or tried to. */
  readonly loaded: readonly string[];
}

/** Opens a page in a real, headless browser and measures it. */
export function openPage(path: string, { width, dark = false }: { width: number; dark?: boolean }): Seen {
  const folder = mkdtempSync(join(tmpdir(), 'browser-'));
  try {
    const probe = `<script>addEventListener('load', () => { document.title = JSON.stringify({
      scrollWidth: document.documentElement.scrollWidth, windowWidth: innerWidth, height: document.documentElement.scrollHeight,
      background: getComputedStyle(document.body).backgroundColor,
      loaded: performance.getEntriesByType('resource').map(({ name }) => name) }); });</script>`;
    // A narrow headless window is not to be had, so the page stands in a frame of the wanted width.
    writeFileSync(join(folder, 'page.html'), readFileSync(path, 'utf8').replace('</body>', `${probe}</body>`));
    const frame = `<!doctype html><body style="margin:0"><iframe src="page.html" style="border:0;width:${width}px;height:900px"></iframe>
      <script>const wait = setInterval(() => { const t = document.querySelector('iframe').contentDocument.title;
        if (t.startsWith('{')) { clearInterval(wait); document.body.textContent = t; } }, 20);</script>`;
    writeFileSync(join(folder, 'frame.html'), frame);
    const scheme = dark ? ['--blink-settings=preferredColorScheme=0'] : ['--blink-settings=preferredColorScheme=1'];
    const args = [...quiet, ...scheme, '--allow-file-access-from-files', `--user-data-dir=${join(folder, 'profile')}`];
    const seen = spawnSync(
      'chromium',
      [...args, '--virtual-time-budget=5000', '--dump-dom', `file://${folder}/frame.html`],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    );
    const json = /<body[^>]*>(\{.*\})<\/body>/s.exec(seen.stdout)?.[1];
    if (!json) throw new Error(`the browser showed nothing: ${seen.stderr.slice(-500)}`);
    return JSON.parse(json.replaceAll('&amp;', '&')) as Seen;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
