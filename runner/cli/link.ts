import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Makes `npx pipeline` work inside this repository: npm links the programs of what a package depends on, never its own.
 * Runs after every build; the program may be linked already.
 */
const program = fileURLToPath(new URL('./main.js', import.meta.url));
const folder = fileURLToPath(new URL('../../../node_modules/.bin/', import.meta.url));
mkdirSync(folder, { recursive: true });
chmodSync(program, 0o755);
rmSync(`${folder}pipeline`, { force: true });
symlinkSync(program, `${folder}pipeline`);
