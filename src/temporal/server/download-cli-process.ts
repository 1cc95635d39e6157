/** Run as a program by downloadCli, with the directory and the version: has the SDK fetch the CLI, and prints one line if it cannot. */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [downloadDir, version] = process.argv.slice(2) as [string, string];
try {
  // The default ttl of a day is for "latest": this version never gets old.
  const server = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir, version, ttl: '1000 days' } },
  });
  // Usually we are killed before this. If whoever started us is dead, the server must not outlive us.
  await server.teardown();
  process.exit(0);
} catch (error) {
  const reasons: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) reasons.push(cause.message.replaceAll('\n', ' '));
  console.error(reasons.join(': '));
  process.exit(1);
}
