#!/bin/sh
# Makes deploy/nginx.conf the configuration of compose.yaml's nginx, and becomes nginx.
set -eu
host=${PUBLIC_HOSTS%%,*}
# A connection that is refused while one app is replaced goes to the other one. A question that was sent
# is not asked again but by PUT, whose id both apps know from Redis. One that refused is tried again immediately:
# nginx would take it for dead for 10 s, while the other one may be replaced next.
sed -e "s/chat\.example\.com/$host/g" \
    -e 's/^    server 127\.0\.0\.1:3000;.*/    server app1:3000 max_fails=0; server app2:3000 max_fails=0;/' \
    -e 's/proxy_next_upstream off;.*/proxy_next_upstream error;/' \
    "${CLAUDE_SSE_CONF-/nginx.conf}" >"${CLAUDE_SSE_CONF_D-/etc/nginx/conf.d}/claude-sse.conf"
exec nginx -g "daemon off;"
