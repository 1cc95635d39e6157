import { DatabaseSync } from 'node:sqlite';

/** Another process that holds the journal's write lock from `ready` until it is ended. */
const journal = new DatabaseSync(process.argv[2]!, { timeout: 30_000 });
journal.exec('begin immediate');
process.send?.({ type: 'ready' });
process.on('disconnect', () => process.exit());
