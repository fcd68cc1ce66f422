// Builds, then runs jest with ESM on, passing every argument on. The build comes first because jest's global setup
// and the end-to-end tests run the built services.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const jest = fileURLToPath(new URL('../node_modules/jest/bin/jest.js', import.meta.url));
const options = { cwd: root, stdio: 'inherit', env: { ...process.env, TZ: 'UTC' } };

const build = spawnSync('npm', ['run', '--silent', 'build'], options);
if (build.status !== 0) process.exit(build.status ?? 1);
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const tests = spawnSync(process.execPath, [...flags, jest, ...process.argv.slice(2)], options);
process.exit(tests.status ?? 1);
