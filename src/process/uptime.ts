import { uptime } from 'node:os';

/**
 * Seconds since the machine was started, those included in which it slept: a clock that all processes of a machine share, and
 * that nobody sets. On Linux a shell reads the same from /proc/uptime.
 */
export const upS = (): number => uptime();
