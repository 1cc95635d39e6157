import { DatabaseSync } from 'node:sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { expect, onTestFinished, test } from 'vitest';
import { dataPathsOf } from '../../src/temporal/server/data-paths.ts';
import { startTemporalServer } from '../../src/temporal/server/start-temporal-server.ts';

test('a server keeps the indexes that something is listed by, also over a restart, and lists by other attributes without', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-indexes-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  for (let run = 0; run < 2; run++) {
    const server = await startTemporalServer({ dataDir, namespace: 'default', ui: false, say: () => {} });
    try {
      const db = new DatabaseSync(dataPathsOf(dataDir).dbFile, { readOnly: true });
      const names = db
        .prepare(`select name from sqlite_master where type = 'index' and tbl_name = 'executions_visibility' and name not like 'sqlite_%'`)
        .all();
      db.close();
      expect(names.map(({ name }) => String(name)).toSorted()).toEqual([
        'by_execution_time',
        'by_status',
        'by_workflow_id',
        'by_workflow_type',
        'default_idx',
      ]);
      const connection = await Connection.connect({ address: server.address });
      const client = new Client({ connection, namespace: 'temporal-system' });
      expect((await client.workflow.count(`TaskQueue = 'none' AND ExecutionStatus = 'Running'`)).count).toBe(0);
      await connection.close();
    } finally {
      await server.stop();
    }
  }
});
