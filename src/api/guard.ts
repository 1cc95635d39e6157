import type { IncomingHttpHeaders } from 'node:http';

/**
 * Why a request may not come in, or undefined. The same on HTTP and ws: while there are no keys, no web page but our own
 * may reach a local Millrace, neither by its address nor by a name that is made to point to it (DNS rebinding).
 */
export function refusal(headers: IncomingHttpHeaders): string | undefined {
  const { host = '', origin } = headers;
  if (!LOOPBACK.has(hostnameOf(host))) return `Host "${host}" is not this server: use localhost or 127.0.0.1`;
  if (origin !== undefined && origin !== `http://${host}`) return `Origin "${origin}" may not use this server`;
  // A browser sends no Origin with some requests, but says where they come from.
  const site = headers['sec-fetch-site'];
  const navigates = headers['sec-fetch-mode'] === 'navigate';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !navigates)
    return 'a page of another site may not use this server';
  return undefined;
}

const hostnameOf = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
