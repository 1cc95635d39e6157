import { type Config, ConfigError } from '../config.ts';
import { type AllRoles, startAllRoles } from './all-roles.ts';
import { runDemo } from './demo/run.ts';
import { Screen } from './demo/screen.ts';
import { listenForStop, untilStopped } from './stop-signal.ts';

/**
 * Runs 20 jobs of 5 types against the Millrace that is running, or against one that it starts and stops itself, and resolves
 * with the exit code: 0 when all went as it should, else 1.
 *
 * Where somebody watches, a Millrace of its own stays up to be looked at until Ctrl-C; not with `exit`.
 */
export async function demo(
  config: Config,
  env: NodeJS.ProcessEnv,
  { exit = false }: { exit?: boolean },
  out: NodeJS.WriteStream = process.stdout,
): Promise<number> {
  const asked = listenForStop();
  const screen = new Screen(out);
  const say = (line: string): void => screen.say(line);
  let code = 1;
  let own: AllRoles | undefined;
  try {
    let url = await runningUrl(config);
    if (url) say(`Millrace runs at ${url}; the demo uses it.`);
    else {
      say(`No Millrace answers at ${urlOf(config)}: the demo starts one of its own, as npm start does.`);
      own = await startAllRoles(config, env, say, asked);
      url = own.url;
      say(`\n${own.screen}\n`);
    }
    const different = await runDemo({ url, config, env, screen, asked });
    code = different.length === 0 ? 0 : 1;
    const good = 'As expected: 19 jobs succeeded, not all at their first attempt, and the webhook whose receiver is gone failed for good.';
    if (code === 0) say(screen.paint('green', good));
    else for (const sentence of different) say(screen.paint('red', `Not as expected: ${sentence}.`));
    const look = `\nLook at it in the playground: ${url}/playground`;
    if (own && screen.isLive && !exit) {
      say(`${look}\nCtrl-C stops Millrace and ends the demo.`);
      await untilStopped(asked, own.ended);
    } else if (!own) say(look);
  } catch (error) {
    if (!asked.first.aborted) throw error;
  } finally {
    await own?.stop();
  }
  return code;
}

/** Undefined where nobody listens. @throws ConfigError where somebody does who is no Millrace that is ready. */
async function runningUrl(config: Config): Promise<string | undefined> {
  const url = urlOf(config);
  const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(HEALTH_MS) }).catch(
    (error: Error & { cause?: { code?: string } }) => {
      if (error.cause?.code === 'ECONNREFUSED') return undefined;
      throw new ConfigError(
        `what listens at ${url} does not answer (${error.cause?.code ?? error.message}): give another by MILLRACE_PORT`,
      );
    },
  );
  if (!answer) return undefined;
  const health = (await answer.json().catch(() => ({}))) as { status?: string; problems?: string[] };
  if (health.status === 'ok') return url;
  throw new ConfigError(
    health.problems
      ? `the Millrace at ${url} is not ready: ${health.problems.join('; ')}`
      : `what listens at ${url} is no Millrace: give another port by MILLRACE_PORT`,
  );
}

const urlOf = ({ host, port }: Config): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

const HEALTH_MS = 5_000;
