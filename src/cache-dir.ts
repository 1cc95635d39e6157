import { homedir } from 'node:os';
import { join } from 'node:path';

/** What can be made again and serves all data directories: `$XDG_CACHE_HOME/millrace`, else `~/.cache/millrace`, on macOS `~/Library/Caches/millrace`. */
export function cacheDirOf(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  const home = env['HOME'] ?? homedir();
  const fallback = platform === 'darwin' ? join(home, 'Library/Caches') : join(home, '.cache');
  return join(env['XDG_CACHE_HOME'] || fallback, 'millrace');
}
