import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Fails when the resolvers' types are not what schema.graphql makes them: `npm run codegen` and commit. */
const file = 'src/api/schema.gen.ts';
const committed = readFileSync(file, 'utf8');
execFileSync('graphql-codegen', ['--config', 'codegen.yml', '--silent'], { stdio: ['ignore', 'ignore', 'inherit'] });
if (readFileSync(file, 'utf8') !== committed) {
  console.error(`${file} was not fresh; it is now: commit it`);
  process.exit(1);
}
