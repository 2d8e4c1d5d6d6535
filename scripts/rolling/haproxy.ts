/**
 * The configuration of HAProxy before instances on this machine: it sends no request again (`retries 0`), and asks /readyz which
 * instances work. `/haproxy;csv` on the same port has the states of the instances.
 */
export function haproxyConfiguration(
  port: number,
  ports: readonly number[],
  { intervalMs, fall }: { readonly intervalMs: number; readonly fall: number },
): string {
  return `defaults
  mode http
  retries 0
  timeout connect 5s
  timeout check 5s
  timeout client 60s
  timeout server 60s
frontend tasklane
  bind 127.0.0.1:${port}
  stats enable
  stats uri /haproxy
  default_backend instances
backend instances
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter ${intervalMs}ms fall ${fall} rise 1
${ports.map((each) => `  server instance${each} 127.0.0.1:${each}\n`).join('')}`;
}
