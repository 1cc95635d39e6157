import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { cacheDirOf } from '../src/cache-dir.ts';

/** What an api process cannot start without: its imports, and nothing done with them. */
enableCompileCache(join(cacheDirOf(process.env), 'compiled'));
await import('../src/cli/api.ts');
process.send?.({ type: 'ready' });
process.on('disconnect', () => process.exit());
